"""Statements of banks and apps: how files are read, what is matched, what waits, and whose money a line is."""

import datetime
import re
import uuid
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import translation
from openpyxl import Workbook

from billing import actions, invariants, matching
from billing import statements as reading
from billing.actions.cash import Means
from billing.models import Payment, Receipt, Statement, StatementLine
from residents.imports import files
from servicedesk.core import spreadsheets
from servicedesk.core.errors import NotAllowed, Refused
from servicedesk.core.models import Event, Role
from tests import counting, factories
from tests.factories import MONDAY
from tests.racing import CrashError, crash_at, race

pytestmark = pytest.mark.django_db
DAY = "2025-09-12 10:22:33"
Status = StatementLine.Status


@pytest.fixture(autouse=True)
def monday(time_machine):
    time_machine.move_to(MONDAY, tick=False)
    with translation.override("en"):
        yield


@pytest.fixture
def desk(client, li_na):
    client.force_login(li_na)
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def shift(yunhu, li_na):
    return actions.open_shift(yunhu, opening_float=Decimal("500.00"), by=li_na, now=MONDAY)


@pytest.fixture
def bills(home):
    service = factories.fee(home.community)
    return [factories.bill(home, service, amount) for amount in ("260.75", "20.28", "45.00")]


def recorded(unit, amount, reference, *, by, method="wechat", now=MONDAY - datetime.timedelta(days=2)):
    means = [Means(method, Decimal(amount), reference)]
    facts = {"bills": [], "deposits": [], "payer": None, "keep_rest": True, "submission": uuid.uuid4()}
    return actions.take_payment(unit, means=means, by=by, now=now, **facts).payments.get()


def waiting(community, *, by, remark="3-2-1201 物业费", amount="326.03", reference="42001", payer="微信用户", at=DAY):
    """A line that waits, of a statement of its own."""
    factories.statement(community, factories.wechat_file((at, payer, remark, amount, reference)), by=by)
    return StatementLine.objects.get(external_ref=reference)


def csv_file(text, *, name="s.csv", encoding="utf-8"):
    return SimpleUploadedFile(name, text.encode(encoding))


def read(community, upload, *, by, channel="bank"):
    statement, _is_new = actions.upload_statement(community, channel=channel, upload=upload, by=by, now=MONDAY)
    return statement, reading.read(statement, now=MONDAY)


class TestTheFile:
    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "gb18030"])
    def test_wechat_below_its_explanation(self, yunhu, li_na, encoding):
        rows = [
            (DAY, "林晓梅", "3-2-1201 物业费", "326.03", "42001"),
            (DAY, "供应商", "电梯", "20.00", "42002", "支出", "支付成功"),
        ]
        statement, found = read(yunhu, factories.wechat_file(*rows, encoding=encoding), by=li_na, channel="wechat")
        assert statement.heading_line == 5
        assert [(str(one.amount), one.external_ref, one.why) for one in found.lines] == [
            ("326.03", "42001", ""),
            ("-20.00", "42002", "outgoing"),
        ]
        assert (found.lines[0].counterparty, found.lines[0].remark) == ("林晓梅", "3-2-1201 物业费")
        assert f"{yunhu.local(found.lines[0].at):%Y-%m-%d %H:%M:%S}" == DAY
        assert not found.faults

    def test_a_bank_with_two_columns_and_sums_at_its_end(self, yunhu, li_na):
        text = (
            "账号：6222 **** 8888\n交易日期,交易时间,借方发生额,贷方发生额,余额,对方户名,摘要,附言,交易流水号\n"
            '20250912,102233,0.00,"1,326.03","98,765,432.10",林晓梅,转账,3-2-1201,B001\n'
            '20250912,102300,200.00,,"98,765,232.10",水务公司,代扣,水费,B002\n'
            '合计,,200.00,"1,326.03",,,,,\n'
        )
        _statement, found = read(yunhu, csv_file(text, encoding="gb18030"), by=li_na)
        assert [str(one.amount) for one in found.lines] == ["1326.03", "-200.00"]
        assert found.lines[0].balance == Decimal("98765432.10")
        assert found.lines[0].remark == "转账 3-2-1201"
        assert f"{yunhu.local(found.lines[0].at):%H:%M:%S}" == "10:22:33"
        assert (found.passed, found.bad_rows) == (1, 0)

    def test_one_column_with_signs(self, yunhu, li_na):
        text = "日期,金额,流水号\n2025/9/1,+100.00,A1\n2025年9月2日,(30.00),A2\n2025-09-03,-7,A3\n2025-09-04,0.00,A4\n"
        _statement, found = read(yunhu, csv_file(text), by=li_na)
        assert [str(one.amount) for one in found.lines] == ["100.00", "-30.00", "-7.00"]
        assert found.passed == 1

    def test_alipay_and_what_did_not_stay(self, yunhu, li_na):
        text = (
            "支付宝交易记录明细查询\n账号:[yunhu@example.cn]\n-----交易记录明细列表-----\n"
            "交易号\t,付款时间\t,交易对方\t,商品名称\t,金额（元）\t,收/支\t,交易状态\t,备注\t\n"
            "20250001\t,2025-09-12 08:00:00\t,王强\t,物业费\t,88.00\t,收入\t,交易成功\t,8-1-0101\t\n"
            "20250002\t,2025-09-12 09:00:00\t,王强\t,物业费\t,88.00\t,收入\t,交易关闭\t,\t\n"
            "20250003\t,2025-09-12 09:00:00\t,余额宝\t,收益\t,1.00\t,不计收支\t,交易成功\t,\t\n"
            "------------------------\n共3笔记录\n"
        )
        _statement, found = read(yunhu, csv_file(text, encoding="gb18030"), by=li_na, channel="alipay")
        assert [(one.external_ref, one.why) for one in found.lines] == [
            ("20250001", ""),
            ("20250002", "unsettled"),
            ("20250003", "unsettled"),
        ]
        assert not found.faults

    def test_a_workbook_whose_second_sheet_holds_the_table(self, yunhu, li_na, tmp_path):
        book = Workbook()
        book.active.append(["说明"])
        sheet = book.create_sheet("明细")
        sheet.append(["交易日期", "收入", "支出", "流水号", "对方户名"])
        sheet.append([factories.at("2025-09-12 10:22").replace(tzinfo=None), 326.03, None, "X1", "林晓梅"])
        book.save(tmp_path / "s.xlsx")
        upload = SimpleUploadedFile("s.xlsx", (tmp_path / "s.xlsx").read_bytes())
        statement, found = read(yunhu, upload, by=li_na)
        assert statement.sheet == "明细"
        assert [(str(one.amount), one.row) for one in found.lines] == [("326.03", 2)]

    @pytest.mark.parametrize(
        ("row", "column"),
        [
            ("2025-09-01,1_000,A1", "amount"),
            ("2025-09-01,NaN,A1", "amount"),
            ("2025-09-01,0.005,A1", "amount"),
            ("2025-09-01,99999999,A1", "amount"),
            ("2025-09-01,1e3,A1", "amount"),
            ("2029-09-01,100,A1", "day"),
            ("2025-02-30,100,A1", "day"),
            ("01/09/2025,100,A1", "day"),
            (",100,A1", "day"),
            ("小计,100,", "day"),
            ("2025-09-01,,A1", "amount"),
            (f"2025-09-01,100,{'9' * 65}", "reference"),
            ('2025-09-01,"1"0,A1', ""),
        ],
    )
    def test_a_bad_row_is_refused_with_its_line_and_cause(self, yunhu, li_na, row, column):
        text = f"日期,金额,流水号\n2025-09-01,１００,A0\n{row}\n2025-09-02,100,A2\n"
        _statement, found = read(yunhu, csv_file(text), by=li_na)
        assert [(one.line, one.column) for one in found.faults] == [(3, column)]
        assert found.faults[0].cause
        assert [one.external_ref for one in found.lines] == ["A0", "A2"]

    def test_a_reference_that_stands_there_twice(self, yunhu, li_na):
        text = "日期,金额,流水号\n2025-09-01,100,A1\n2025-09-01,100,A1\n2025-09-01,200,A1\n"
        _statement, found = read(yunhu, csv_file(text), by=li_na)
        assert (len(found.lines), found.twice, found.bad_rows) == (1, 1, 1)
        assert "Line 2" in found.faults[0].cause

    def test_without_references_equal_lines_are_several(self, yunhu, li_na):
        text = "日期,金额,对方户名\n2025-09-01,100,林\n2025-09-01,100,林\n"
        statement, found = read(yunhu, csv_file(text), by=li_na)
        assert len({one.key for one in found.lines}) == 2
        actions.take_statement(statement, only_good=False, by=li_na, now=MONDAY)
        longer, again = read(yunhu, csv_file(text + "2025-09-02,5,吴\n"), by=li_na)
        assert reading.outlook(longer, again).known == 2

    @pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", b"PK\x03\x04broken", b"\xd0\xcf\x11\xe0old", b"\n\n\n"])
    def test_what_is_no_table_is_one_sentence(self, desk, content):
        upload = SimpleUploadedFile("s.xlsx", content)
        answer = desk.post(reverse("billing:statement_upload"), {"channel": "bank", "upload": upload})
        assert answer.status_code == 422
        assert "error-summary" in answer.text
        assert not Statement.objects.exists()

    def test_a_file_that_is_gone_is_one_sentence(self, desk, yunhu, li_na, tmp_path):
        book = Workbook()
        book.active.append(["日期", "金额", "流水号"])
        book.active.append(["2025-09-12", 5, "X1"])
        book.save(tmp_path / "s.xlsx")
        upload = SimpleUploadedFile("s.xlsx", (tmp_path / "s.xlsx").read_bytes())
        statement, _new = actions.upload_statement(yunhu, channel="bank", upload=upload, by=li_na, now=MONDAY)
        files.discard(statement.stored)
        assert "has been erased" in desk.get(statement.get_absolute_url()).text
        assert desk.post(f"{statement.get_absolute_url()}take_statement/", {}).status_code == 409
        assert desk.get(reverse("billing:statement_columns", args=[statement.pk])).status_code == 302
        assert desk.get(reverse("billing:statement_faults", args=[statement.pk])).status_code == 302

    def test_a_word_of_the_direction_gets_its_meaning(self, desk, yunhu):
        text = "日期,金额,收支,流水号\n2025-09-01,100,进账,A1\n2025-09-02,5,支出,A2\n"
        desk.post(reverse("billing:statement_upload"), {"channel": "bank", "upload": csv_file(text)})
        statement = Statement.objects.get()
        assert "It is not said what this word means" in desk.get(statement.get_absolute_url()).text
        columns = reverse("billing:statement_columns", args=[statement.pk])
        assert "进账" in desk.get(columns).text
        sent = {"col_day": "0", "col_amount": "1", "col_direction": "2", "col_reference": "3", "word_direction_0": "in"}
        assert desk.post(columns, sent).status_code == 302
        found = reading.read(Statement.objects.get(), now=MONDAY)
        assert [str(one.amount) for one in found.lines] == ["100.00", "-5.00"]

    def test_too_long_and_too_large(self, yunhu, li_na, desk, monkeypatch):
        monkeypatch.setattr(reading, "MOST_LINES", 2)
        text = "日期,金额,流水号\n" + "".join(f"2025-09-01,1,A{n}\n" for n in range(3))
        statement, _new = actions.upload_statement(yunhu, channel="bank", upload=csv_file(text), by=li_na, now=MONDAY)
        assert "more than 2 lines" in desk.get(statement.get_absolute_url()).text
        monkeypatch.setattr("residents.forms.importing.MOST_BYTES", 10)
        answer = desk.post(reverse("billing:statement_upload"), {"channel": "bank", "upload": csv_file(text + "x")})
        assert answer.status_code == 422
        assert "larger than 20 MB" in answer.text


class TestUploading:
    def test_from_the_upload_to_the_lines(self, desk, yunhu, home, li_na, shift):
        recorded(home, "100.00", "42001", by=li_na)
        rows = [
            (DAY, "林晓梅", "物业费", "100.00", "42001"),
            (DAY, "吴", "3-2-1201", "50.00", "42002"),
            (DAY, "供应商", "电梯", "20.00", "42003", "支出", "支付成功"),
        ]
        sent = {"channel": "wechat", "upload": factories.wechat_file(*rows)}
        page = desk.post(reverse("billing:statement_upload"), sent, follow=True)
        statement = Statement.objects.get()
        assert page.redirect_chain[-1][0] == statement.get_absolute_url()
        assert "150.00 yuan came in" in page.text
        assert not StatementLine.objects.exists()
        answer = desk.post(f"{statement.get_absolute_url()}take_statement/", {"version": statement.version})
        assert answer.status_code == 302
        assert dict(StatementLine.objects.values_list("external_ref", "status")) == {
            "42001": "matched",
            "42002": "waiting",
            "42003": "set_aside",
        }
        assert StatementLine.objects.get(external_ref="42001").payment.external_ref == "42001"
        statement.refresh_from_db()
        assert (statement.kept, str(statement.from_on), statement.stored) == (3, "2025-09-12", "")
        assert {one.verb for one in Event.objects.about(statement)} == {"statement_uploaded", "statement_taken"}
        assert Receipt.objects.count() == 1
        assert invariants.breaks(yunhu) == []

    def test_the_same_file_twice_says_so_and_changes_nothing(self, desk, yunhu, li_na):
        first = factories.statement(yunhu, factories.wechat_file((DAY, "林", "x", "5.00", "1")), by=li_na)
        sent = {"channel": "wechat", "upload": factories.wechat_file((DAY, "林", "x", "5.00", "1"), name="other.csv")}
        page = desk.post(reverse("billing:statement_upload"), sent, follow=True)
        assert "uploaded already" in page.text
        assert page.redirect_chain[-1][0] == first.get_absolute_url()
        assert (Statement.objects.count(), StatementLine.objects.count()) == (1, 1)

    def test_a_file_that_overlaps_brings_only_what_is_new(self, desk, yunhu, li_na):
        rows = [(DAY, "林", "x", "5.00", str(n)) for n in range(3)]
        factories.statement(yunhu, factories.wechat_file(*rows[:2]), by=li_na)
        second = factories.statement(yunhu, factories.wechat_file(*rows), by=li_na)
        assert (second.kept, second.known) == (1, 2)
        assert "Known already: 2" in desk.get(second.get_absolute_url()).text
        assert StatementLine.objects.count() == 3

    def test_unknown_headings_are_chosen_by_hand_and_known_the_next_time(self, desk, yunhu):
        text = "甲,乙,丙\n2025-09-01,100,A1\n2025-09-02,abc,A2\n"
        answer = desk.post(reverse("billing:statement_upload"), {"channel": "bank", "upload": csv_file(text)})
        statement = Statement.objects.get()
        columns = reverse("billing:statement_columns", args=[statement.pk])
        assert answer["Location"] == columns
        assert desk.get(columns).status_code == 200
        assert desk.post(columns, {"col_day": "0"}).status_code == 422
        sent = {"col_day": "0", "col_amount": "1", "col_reference": "2"}
        page = desk.post(columns, sent, follow=True)
        assert "at most two decimals" in page.text
        take = f"{statement.get_absolute_url()}take_statement/"
        refused = desk.post(take, {})
        assert refused.status_code == 409
        assert not StatementLine.objects.exists()
        faults = desk.get(reverse("billing:statement_faults", args=[statement.pk]))
        assert b"abc" in b"".join(faults.streaming_content)
        assert faults["Content-Type"] == spreadsheets.CSV_TYPE
        assert desk.post(take, {"only_good": "on"}).status_code == 302
        statement.refresh_from_db()
        assert (statement.kept, statement.refused) == (1, 1)
        answer = desk.post(
            reverse("billing:statement_upload"), {"channel": "bank", "upload": csv_file(text + "2025-09-03,5,A3\n")}
        )
        assert answer["Location"] == Statement.objects.first().get_absolute_url()

    def test_another_line_is_chosen_where_the_table_begins(self, desk, yunhu):
        text = "日期,金额,流水号\n说明,,\n记账日期,收入,流水号\n2025-09-01,100,A1\n"
        desk.post(reverse("billing:statement_upload"), {"channel": "bank", "upload": csv_file(text)})
        statement = Statement.objects.get()
        heading = reverse("billing:statement_heading", args=[statement.pk])
        for line in ("", "x", "-1", "99", "1_0", "1" * 30):
            assert desk.post(heading, {"line": line}).status_code in (409, 422), line
        assert desk.post(heading, {"line": "3"}).status_code == 302
        statement.refresh_from_db()
        assert statement.header[0] == "记账日期"
        assert statement.mapping["columns"]["income"] == 1

    def test_a_file_is_forgotten_by_hand_and_after_a_week(self, desk, yunhu, li_na, time_machine):
        for n in range(2):
            upload = factories.wechat_file((DAY, "林", "x", "5.00", str(n)))
            actions.upload_statement(yunhu, channel="wechat", upload=upload, by=li_na, now=MONDAY)
        first, second = Statement.objects.order_by("pk")
        assert desk.post(reverse("billing:give_up_statement", args=[first.pk])).status_code == 302
        assert actions.forget_statement_files(now=MONDAY + datetime.timedelta(days=6)) == 0
        assert actions.forget_statement_files(now=MONDAY + datetime.timedelta(days=8)) == 1
        assert set(Statement.objects.values_list("status", "stored")) == {("given_up", "")}
        assert desk.get(second.get_absolute_url()).status_code == 200
        assert desk.post(f"{second.get_absolute_url()}take_statement/", {}).status_code == 409
        again, is_new = actions.upload_statement(
            yunhu, channel="wechat", upload=factories.wechat_file((DAY, "林", "x", "5.00", "0")), by=li_na, now=MONDAY
        )
        assert is_new
        assert again.is_draft

    def test_who_is_neither_cashier_nor_of_finance_only_reads(self, client, yunhu, li_na, zhou, chen):
        line = waiting(yunhu, by=li_na)
        client.force_login(zhou)
        for url in (reverse("billing:statements"), line.statement.get_absolute_url(), line.get_absolute_url()):
            page = client.get(url).text
            assert "take_line/" not in page
            assert "<textarea" not in page
        assert client.post(f"{line.get_absolute_url()}set_line_aside/", {"why": "own"}).status_code == 403
        with pytest.raises(NotAllowed):
            actions.upload_statement(yunhu, channel="bank", upload=csv_file("x"), by=chen, now=MONDAY)

    def test_another_community_is_nowhere(self, client, yunhu, stranger, li_na):
        line = waiting(yunhu, by=li_na)
        client.force_login(stranger)
        names = ["statement", "statement_columns", "take_statement", "give_up_statement"]
        for name in names:
            assert client.post(reverse(f"billing:{name}", args=[line.statement_id])).status_code in (403, 404, 405)
        assert client.get(line.get_absolute_url()).status_code in (403, 404)


class TestWhoseMoneyItIs:
    def found(self, line):
        return matching.found_for([line], today=MONDAY.date())[0]

    def test_the_room_in_the_remark_and_what_is_owed(self, yunhu, home, bills, li_na):
        line = waiting(yunhu, by=li_na)
        [candidate] = self.found(line).homes
        assert candidate.unit == home
        assert candidate.reasons == ["The remark names the room.", "It is exactly what the home owes."]
        assert candidate.chosen == bills

    @pytest.mark.parametrize(
        "remark", ["3栋2单元1201室物业费", "３-２-１２０１", "3#2#1201 11月", "3号楼2单元1201", "3—2—1201"]
    )
    def test_however_the_room_is_written(self, yunhu, home, li_na, remark):
        assert [one.label for one in self.found(waiting(yunhu, by=li_na, remark=remark)).homes] == ["3-2-1201"]

    @pytest.mark.parametrize("remark", ["2025-09-12 转账", "物业费", "订单 20250912001", "", "13-2-1201"])
    def test_what_names_no_room_here(self, yunhu, home, li_na, remark):
        assert self.found(waiting(yunhu, by=li_na, remark=remark, payer="微信用户")).homes == []

    def test_the_payer_and_the_telephone(self, yunhu, home, lin, wu, li_na):
        by_name = self.found(waiting(yunhu, by=li_na, remark="物业费", payer=lin.name, reference="1"))
        assert [(one.unit, one.reasons) for one in by_name.homes] == [(home, [f"{lin.name} paid and lives there."])]
        by_phone = self.found(waiting(yunhu, by=li_na, remark=f"物业费 {wu.phone}", reference="2"))
        assert by_phone.homes[0].unit.label != home.label
        by_tail = self.found(waiting(yunhu, by=li_na, remark=f"尾号{lin.phone[-4:]}", reference="3"))
        assert home in [one.unit for one in by_tail.homes]

    def test_the_best_reason_stands_first(self, yunhu, home, bills, lin, li_na):
        other = factories.unit(yunhu, "8-1-0101")
        factories.bill(other, bills[0].fee, "500.00")
        found = self.found(waiting(yunhu, by=li_na, remark="8-1-0101", payer=lin.name, amount="20.28"))
        assert [one.unit for one in found.homes] == [other, home]
        assert "It is exactly one bill of the home." in found.homes[1].reasons
        assert found.homes[1].chosen == [bills[1]]

    def test_an_amount_that_many_homes_owe_says_nothing(self, yunhu, li_na):
        service = factories.fee(yunhu)
        for n in range(4):
            factories.bill(factories.unit(yunhu, f"8-1-010{n}"), service, "99.00")
        line = waiting(yunhu, by=li_na, remark="", amount="99.00")
        assert self.found(line).homes == []
        factories.bill(factories.unit(yunhu, "8-1-0109"), service, "98.00")
        alone = waiting(yunhu, by=li_na, remark="", amount="98.00", reference="2")
        assert [one.label for one in self.found(alone).homes] == ["8-1-0109"]

    def test_what_differs_is_said_in_words(self, desk, yunhu, home, li_na, shift):
        recorded(home, "100.00", "42001", by=li_na)
        line = waiting(yunhu, by=li_na, amount="120.00")
        assert line.is_waiting
        assert "20.00 yuan more" in self.found(line).difference
        assert "A reference counts once" in desk.get(line.get_absolute_url()).text
        assert self.found(line).payment is None

    def test_money_of_another_means_or_of_another_line_is_not_it(self, yunhu, home, li_na, shift):
        recorded(home, "326.03", "42001", by=li_na, method="alipay")
        line = waiting(yunhu, by=li_na)
        assert line.is_waiting
        assert list(matching.linkable(line)) == []

    def test_what_is_recorded_and_not_on_the_statement(self, desk, yunhu, home, li_na, shift):
        recorded(home, "100.00", "42001", by=li_na)
        missing = recorded(home, "60.00", "42009", by=li_na)
        recorded(home, "70.00", "", by=li_na, method="transfer")
        days = [("2025-09-01 08:00:00", "林", "x", "1.00", "7"), ("2025-09-14 08:00:00", "林", "x", "2.00", "8")]
        upload = factories.wechat_file(*days, (DAY, "林", "x", "100.00", "42001"))
        statement = factories.statement(yunhu, upload, by=li_na)
        assert list(matching.unconfirmed(statement)) == [missing]
        page = desk.get(statement.get_absolute_url(), {"show": "missing"}).text
        assert "42009" in page
        assert "42001" not in page


def take(client, line, home, bills, /, **typed):
    facts = {"version": line.version, "unit": home.pk, "submission": uuid.uuid4()}
    facts["chosen"] = [f"b{one.pk}:{one.balance}" for one in bills]
    return client.post(f"{line.get_absolute_url()}take_line/", {**facts, **typed})


class TestTakingALine:
    def test_one_tap_in_the_list_makes_the_receipt(self, desk, yunhu, home, bills, li_na, shift):
        line = waiting(yunhu, by=li_na)
        page = desk.get(reverse("billing:statement_waiting")).text
        [form] = re.findall(r'<form method="post" action="[^"]*take_line/">.*?</form>', page, re.DOTALL)
        names = re.findall(r'name="(\w+)" value="([^"]*)"', form)
        sent = {name: [value for key, value in names if key == name] for name, _value in names}
        answer = desk.post(f"{line.get_absolute_url()}take_line/", sent)
        assert answer["Location"] == reverse("billing:statement_waiting")
        payment = Payment.objects.get()
        line.refresh_from_db()
        assert (payment.method, payment.external_ref, payment.amount) == ("wechat", "42001", Decimal("326.03"))
        assert (line.status, line.payment, line.decided_by) == ("matched", payment, li_na)
        assert "2025-09-12" in payment.receipt.note
        assert (payment.receipt.shift, payment.receipt.payer) == (shift, None)
        assert not home.bills.owed().exists()
        assert Event.objects.about(line).get(verb="line_taken").by == li_na
        assert "No line waits" in desk.get(answer["Location"]).text
        assert invariants.breaks(yunhu) == []

    def test_the_receipt_names_who_paid_where_that_is_known(self, desk, yunhu, home, bills, lin, li_na, shift):
        take(desk, waiting(yunhu, by=li_na, payer=lin.name), home, bills)
        assert Receipt.objects.get().payer == lin

    def test_sent_twice_it_is_one_receipt(self, desk, yunhu, home, bills, li_na, shift):
        line, key = waiting(yunhu, by=li_na), uuid.uuid4()
        assert take(desk, line, home, bills, submission=key).status_code == 302
        second = take(desk, line, home, bills, submission=key)
        assert second.status_code == 409
        facts = {"unit": home, "bills": bills, "deposits": [], "owed": Decimal("326.03"), "keep_rest": False}
        made = actions.take_line(line, by=li_na, now=MONDAY, submission=key, **facts)
        assert [made] == list(Receipt.objects.all())

    def test_more_than_is_owed_is_prepaid_only_when_it_is_said(self, desk, yunhu, home, bills, li_na, shift):
        line = waiting(yunhu, by=li_na, amount="400.00")
        refused = take(desk, line, home, bills)
        assert refused.status_code == 409
        assert f'value="b{bills[0].pk}:260.75" checked' in refused.text
        assert take(desk, line, home, bills, keep_rest="on").status_code == 302
        assert Payment.objects.get().prepaid_left == Decimal("73.97")

    def test_less_than_is_owed_pays_the_oldest_first(self, desk, yunhu, home, bills, li_na, shift):
        line = waiting(yunhu, by=li_na, amount="300.00")
        assert take(desk, line, home, bills).status_code == 302
        assert [str(one.balance) for one in home.bills.order_by("pk")] == ["0.00", "0.00", "26.03"]

    def test_without_a_shift_nothing_is_taken(self, desk, yunhu, home, bills, li_na):
        line = waiting(yunhu, by=li_na)
        answer = take(desk, line, home, bills)
        assert answer.status_code == 409
        assert "Open yours first" in answer.text
        assert not Receipt.objects.exists()
        line.refresh_from_db()
        assert line.is_waiting

    def test_a_reference_taken_at_the_counter_meanwhile_is_one_receipt(self, desk, yunhu, home, bills, li_na, shift):
        line = waiting(yunhu, by=li_na)
        receipt = recorded(home, "326.03", "42001", by=li_na).receipt
        answer = take(desk, line, home, bills)
        assert answer.status_code == 409
        assert f"is on receipt {receipt}" in answer.text
        assert Receipt.objects.count() == 1
        page = desk.get(reverse("billing:statement_waiting")).text
        assert f"It is receipt {receipt}" in page
        sent = {"version": line.version, "payment": receipt.payments.get().pk, "back": "waiting"}
        assert desk.post(f"{line.get_absolute_url()}link_line/", sent).status_code == 302
        line.refresh_from_db()
        assert line.payment.receipt == receipt

    def test_of_two_people_the_second_reads_the_receipt_of_the_first(self, desk, yunhu, home, bills, li_na, shift):
        line = waiting(yunhu, by=li_na)
        take(desk, line, home, bills)
        answer = take(desk, line, home, [], keep_rest="on", version="")
        assert answer.status_code == 409
        assert f"This line is on receipt {Receipt.objects.get()} already" in answer.text

    @pytest.mark.parametrize(
        "typed",
        [
            {"unit": "x"},
            {"unit": ""},
            {"unit": "-1"},
            {"unit": "9" * 25},
            {"chosen": "b1"},
            {"chosen": "b1:1_0.00"},
            {"submission": "no"},
            {"version": "NaN"},
        ],
    )
    def test_nothing_that_is_sent_breaks_the_page(self, desk, yunhu, home, bills, li_na, shift, typed):
        line = waiting(yunhu, by=li_na)
        assert take(desk, line, home, bills, **typed).status_code in (404, 409, 422)
        assert not Receipt.objects.exists()

    def test_a_home_or_a_bill_of_elsewhere(self, desk, yunhu, other, home, bills, li_na, shift):
        line, strange = waiting(yunhu, by=li_na), factories.unit(other, "9-901")
        assert take(desk, line, strange, []).status_code == 404
        bill = factories.bill(strange, factories.fee(other), "10")
        assert take(desk, line, home, [bill]).status_code == 409
        assert desk.get(line.get_absolute_url(), {"unit": strange.pk}).status_code == 404
        for typed in ("x", "1_0", "9" * 30):
            assert desk.get(line.get_absolute_url(), {"unit": typed}).status_code == 404
        assert not Receipt.objects.exists()

    def test_another_home_is_found_by_its_room(self, desk, yunhu, home, bills, lin, li_na, shift):
        line = waiting(yunhu, by=li_na, remark="", payer="")
        page = desk.get(line.get_absolute_url(), {"q": "3-2-1201"}).text
        assert f"?unit={home.pk}#panel" in page
        chosen = desk.get(line.get_absolute_url(), {"unit": home.pk}).text
        assert f'value="b{bills[0].pk}:260.75" checked' in chosen
        assert "no room was found" in desk.get(line.get_absolute_url(), {"q": "9-9-9999"}).text

    def test_a_crash_at_any_write_leaves_the_line_waiting_and_no_receipt(self, yunhu, home, bills, li_na, shift):
        line = waiting(yunhu, by=li_na)
        facts = {"unit": home, "bills": bills, "deposits": [], "owed": Decimal("326.03"), "keep_rest": False}
        for statement in range(1, 60):
            try:
                with transaction.atomic(), connection.execute_wrapper(crash_at(statement)):
                    actions.take_line(line, by=li_na, now=MONDAY, submission=uuid.uuid4(), **facts)
            except CrashError:
                assert not Receipt.objects.exists()
                line.refresh_from_db()
                assert line.is_waiting
                assert invariants.breaks(yunhu) == []
            else:
                break
        assert statement > 8
        assert Receipt.objects.count() == 1


class TestTheOtherSteps:
    def test_link_only_what_may_be_it(self, desk, yunhu, other, home, li_na, shift):
        line = waiting(yunhu, by=li_na, reference="42001")
        right = recorded(home, "326.03", "typed wrong", by=li_na)
        wrong = recorded(home, "326.00", "x", by=li_na)
        url = f"{line.get_absolute_url()}link_line/"
        for sent in ({}, {"payment": wrong.pk}, {"payment": "x"}, {"payment": "9" * 20}):
            assert desk.post(url, {"version": line.version, **sent}).status_code == 422, sent
        with pytest.raises(Refused):
            actions.link_line(line, payment=wrong, by=li_na, now=MONDAY)
        assert desk.post(url, {"version": line.version, "payment": right.pk}).status_code == 302
        second = waiting(yunhu, by=li_na, reference="42002")
        with pytest.raises(Refused, match="on the statement already"):
            actions.link_line(second, payment=right, by=li_na, now=MONDAY)
        line.refresh_from_db()
        assert line.payment == right
        assert invariants.breaks(yunhu) == []

    def test_set_aside_and_bring_back(self, desk, yunhu, home, bills, li_na, shift):
        line = waiting(yunhu, by=li_na)
        aside = f"{line.get_absolute_url()}set_line_aside/"
        assert desk.post(aside, {"version": line.version}).status_code == 422
        assert desk.post(aside, {"version": line.version, "why": "outgoing"}).status_code == 422
        kept = desk.post(aside, {"version": line.version, "why": "other", "note": " "})
        assert kept.status_code == 409
        assert desk.post(aside, {"version": line.version, "why": "other", "note": "备用金"}).status_code == 302
        line.refresh_from_db()
        assert (line.status, line.why, line.reason) == ("set_aside", "other", "备用金")
        assert take(desk, line, home, bills).status_code == 409
        again = desk.post(aside, {"version": line.version, "why": "own", "note": "请保留这句话"})
        assert again.status_code == 409
        assert "请保留这句话" in again.text
        stale = desk.post(f"{line.get_absolute_url()}bring_line_back/", {"version": 0, "note": "看错了"})
        assert stale.status_code == 409
        assert "看错了" in stale.text
        assert desk.post(f"{line.get_absolute_url()}bring_line_back/", {"version": line.version}).status_code == 302
        line.refresh_from_db()
        assert (line.status, line.why, line.decided_by) == ("waiting", "", None)

    def test_money_that_went_out_never_waits(self, desk, yunhu, li_na):
        row = (DAY, "供应商", "电梯", "20.00", "1", "支出", "支付成功")
        factories.statement(yunhu, factories.wechat_file(row), by=li_na)
        line = StatementLine.objects.get()
        assert desk.get(line.get_absolute_url()).status_code == 200
        answer = desk.post(f"{line.get_absolute_url()}bring_line_back/", {"version": line.version})
        assert answer.status_code == 409

    def test_what_was_taken_of_a_line_comes_back_only_with_its_receipt(
        self, desk, yunhu, home, bills, li_na, zhou, shift
    ):
        line = waiting(yunhu, by=li_na)
        take(desk, line, home, bills)
        line.refresh_from_db()
        receipt = line.payment.receipt
        back = f"{line.get_absolute_url()}bring_line_back/"
        assert "taken back first" in desk.post(back, {"version": line.version}).text
        request = actions.ask_for("reversal", receipt, reason="收错房号", by=li_na, now=MONDAY)
        actions.approve_request(request, by=zhou, now=MONDAY, note="")
        actions.pay_out(type(request).objects.get(pk=request.pk), by=li_na, now=MONDAY)
        assert desk.post(back, {"version": line.version}).status_code == 302
        line.refresh_from_db()
        assert take(desk, line, home, bills).status_code == 302
        assert invariants.breaks(yunhu) == []

    def test_a_link_by_mistake_is_undone(self, desk, yunhu, home, li_na, shift):
        line, wrong = waiting(yunhu, by=li_na), recorded(home, "326.03", "other", by=li_na)
        actions.link_line(line, payment=wrong, by=li_na, now=MONDAY)
        line.refresh_from_db()
        assert desk.post(f"{line.get_absolute_url()}bring_line_back/", {"version": line.version}).status_code == 302

    def test_finance_links_and_sets_aside_and_takes_no_money(self, client, yunhu, home, bills, li_na, qian):
        line = waiting(yunhu, by=li_na)
        client.force_login(qian)
        assert take(client, line, home, bills).status_code == 403
        sent = {"version": line.version, "why": "own"}
        assert client.post(f"{line.get_absolute_url()}set_line_aside/", sent).status_code == 302


class TestWhereItShows:
    def test_the_close_of_a_month_names_what_waits(self, yunhu, li_na):
        waiting(yunhu, by=li_na)
        sentences = [text for text, _first in actions.unfinished(yunhu, datetime.date(2025, 9, 1))]
        assert "Lines of statements that wait for a home: 1." in sentences
        assert not any("statements" in text for text, _f in actions.unfinished(yunhu, datetime.date(2025, 8, 1)))

    def test_the_shift_and_the_day_say_how_many_wait(self, desk, yunhu, li_na, shift):
        waiting(yunhu, by=li_na)
        for url in (
            shift.get_absolute_url(),
            reverse("billing:cash_day", args=[MONDAY.date()]),
            reverse("billing:cashier"),
        ):
            assert reverse("billing:statement_waiting") in desk.get(url).text, url

    def test_an_amount_that_is_not_that_of_its_payment_breaks_the_books(self, yunhu, home, li_na, shift):
        payment = recorded(home, "100.00", "42001", by=li_na)
        line = waiting(yunhu, by=li_na, amount="120.00")
        StatementLine.objects.filter(pk=line.pk).update(
            status="matched", payment=payment, decided_at=MONDAY, decided_by=li_na
        )
        assert [name for name, _rows in invariants.breaks(yunhu)] == ["statement_line_is_payment"]

    @pytest.mark.parametrize(
        "facts",
        [
            {"status": "matched"},
            {"status": "set_aside", "decided_at": MONDAY},
            {"why": "own"},
            {"amount": Decimal("5.00")},
            {"external_ref": "other"},
        ],
    )
    def test_the_database_refuses_an_impossible_line(self, yunhu, li_na, facts):
        line = waiting(yunhu, by=li_na)
        with pytest.raises(IntegrityError), transaction.atomic():
            StatementLine.objects.filter(pk=line.pk).update(**facts)

    @pytest.mark.parametrize("others", [1, 12])
    def test_the_lists_cost_the_same_for_few_and_for_many(self, desk, yunhu, home, bills, lin, li_na, shift, others):
        rows = [(DAY, lin.name, f"3-2-1201 尾号{lin.phone[-4:]}", f"{n + 1}.00", f"R{n}") for n in range(others)]
        recorded(home, "9.00", "R1", by=li_na)
        factories.statement(yunhu, factories.wechat_file(*rows), by=li_na)
        draft, _new = actions.upload_statement(
            yunhu, channel="bank", upload=csv_file("日期,金额,流水号\n2025-09-01,1,A\n"), by=li_na, now=MONDAY
        )
        line = StatementLine.objects.first()
        taken = line.statement.get_absolute_url()
        pages = {
            "statements": reverse("billing:statements"),
            "statement, taken": taken,
            "statement, not on it": f"{taken}?show=missing",
            "statement, draft": draft.get_absolute_url(),
            "lines that wait": reverse("billing:statement_waiting"),
            "line that waits": line.get_absolute_url(),
            "line, home chosen": f"{line.get_absolute_url()}?unit={home.pk}",
        }
        for name, url in pages.items():
            desk.get(url)
            with counting.pinned(name) as captured:
                assert desk.get(url).status_code == 200
            assert len(captured) <= 15, name


def two_cashiers(yunhu, li_na):
    second = factories.staff("wang", "王芳", Role.CASHIER, community=yunhu)
    for who in (li_na, second):
        actions.open_shift(yunhu, opening_float=Decimal("0.00"), by=who, now=MONDAY)
    return li_na, second


def take_at_once(line, home, cashiers):
    facts = {"unit": home, "bills": [], "deposits": [], "owed": Decimal(0), "keep_rest": True, "now": MONDAY}

    def take(who):
        with translation.override("en"):
            return actions.take_line(line, by=who, submission=uuid.uuid4(), **facts)

    return race(*[lambda who=who: take(who) for who in cashiers])


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_of_two_people_at_once_on_one_line_one_makes_the_receipt(yunhu, home, li_na):
    cashiers = two_cashiers(yunhu, li_na)
    for n in range(8):
        line = waiting(yunhu, by=li_na, reference=f"R{n}")
        outcomes = take_at_once(line, home, cashiers)
        [receipt] = [one for one in outcomes if isinstance(one, Receipt)]
        [refused] = [one for one in outcomes if isinstance(one, Refused)]
        assert f"This line is on receipt {receipt.number}" in str(refused)
    assert Receipt.objects.count() == 8
    assert invariants.breaks(yunhu) == []


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_control_without_the_lock_the_second_is_not_told_of_the_receipt(yunhu, home, li_na, monkeypatch):
    cashiers = two_cashiers(yunhu, li_na)
    monkeypatch.setattr("django.db.models.query.QuerySet.select_for_update", lambda rows, **_options: rows)
    outcomes = []
    for n in range(8):
        outcomes += take_at_once(waiting(yunhu, by=li_na, reference=f"R{n}"), home, cashiers)
    assert any(isinstance(one, Exception) and "This line is on receipt" not in str(one) for one in outcomes)
    assert invariants.breaks(yunhu) == [], "what the database guards itself holds all the same"


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_the_same_file_and_overlapping_files_at_once_count_every_line_once(yunhu, li_na):
    rows = [(DAY, "林", "x", "5.00", str(n)) for n in range(6)]

    def send(part):
        upload = factories.wechat_file(*part)
        made, _new = actions.upload_statement(yunhu, channel="wechat", upload=upload, by=li_na, now=MONDAY)
        return actions.take_statement(made, only_good=False, by=li_na, now=MONDAY)

    outcomes = race(lambda: send(rows[:4]), lambda: send(rows[2:]), lambda: send(rows[:4]))
    assert sum(isinstance(one, Statement) for one in outcomes) == 2
    assert sum(isinstance(one, Refused) for one in outcomes) == 1
    assert StatementLine.objects.count() == 6
