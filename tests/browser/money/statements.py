"""The pages of statements: the list, columns, what would come of a file, its lines, what waits, one line."""

import datetime
import uuid
from decimal import Decimal

from django.core.files.uploadedfile import SimpleUploadedFile

from billing import actions
from billing.models import StatementLine
from tests import factories
from tests.browser.money.cashier import at
from tests.browser.visiting import Visit, send


def furnish(house, now):
    """Make the rows that these pages show, in the furnished house; the cashier has furnished it before."""
    li_na, home = house.people["li_na"], house.community
    then = now - datetime.timedelta(hours=1)
    moment = f"{home.local(then):%Y-%m-%d %H:%M:%S}"
    long = "业主转账 物业费及公摊电费 房号见备注，请开收据；如有多余请作预存，谢谢 " * 3
    rows = [
        (moment, "微信用户", "3-2-1201 物业费", "281.03", "42000000010001"),
        (moment, "某某", long, "77.70", "42000000010002"),
        (moment, "林", "物业费", "310.00", "4200002025"),
        (moment, "电梯维保公司", "维保费", "1200.00", "42000000010004", "支出", "支付成功"),
        (moment, "退款人", "物业费", "12.00", "42000000010005"),
        (moment, "王", "物业费", "300.00", "42000000010006"),
    ]
    statement = factories.statement(home, factories.wechat_file(*rows), by=li_na, now=now)
    lines = {line.external_ref[-4:]: line for line in StatementLine.objects.filter(statement=statement)}
    actions.set_line_aside(lines["0005"], why="sent_back", note="已原路退回", by=li_na, now=now)
    recorded = actions.take_payment(
        house.money["paid"],
        bills=[],
        deposits=[],
        means=[actions.Means("wechat", Decimal("300.00"), "42000000019999")],
        keep_rest=True,
        payer=None,
        by=li_na,
        now=then,
        submission=uuid.uuid4(),
    )
    actions.link_line(lines["0006"], payment=recorded.payments.get(), by=li_na, now=now)
    draft = "日期,收入,支出,流水号,对方户名,摘要\n"
    draft += f"{home.local(then):%Y-%m-%d},1_000,,B1,林,物业费\n2029-01-01,5.00,,B2,吴,物业费\n"
    draft += f"{home.local(then):%Y-%m-%d},88.00,,B3,吴晓,8-1-0101 物业费\n"
    files = {"draft": draft, "unknown": "甲,乙,丙\n一,二,三\n"}
    for name, text in files.items():
        upload = SimpleUploadedFile(f"{name}.csv", text.encode())
        made, _new = actions.upload_statement(home, channel="bank", upload=upload, by=li_na, now=now)
        house.money[f"statement, {name}"] = made
    house.money |= {"statement": statement, **{f"line {key}": line for key, line in lines.items()}}


def line(key, state, *, query="", who="li_na", **facts):
    return Visit(
        "billing:statement_line", state=state, begin=at("billing:statement_line", key, query=query, who=who), **facts
    )


def one(name, key, state, *, query="", who="li_na", **facts):
    return Visit(name, state=state, begin=at(name, key, query=query, who=who), **facts)


def home_chosen(house):
    client, url = at("billing:statement_line", "line 0002")(house)
    return client, f"{url}?unit={house.money['owing'].pk}"


def untick(page):
    """Take away every tick and send it: more is there than is owed of nothing."""
    for box in page.locator("#take [name=chosen]").all():
        box.uncheck()
    with page.expect_navigation():
        page.locator("#take button.primary").click()


VISITS = [
    Visit("billing:statements", "li_na"),
    Visit("billing:statements", "zhou", "reads only"),
    Visit("billing:statements", "sun", "empty"),
    Visit("billing:statements", "qian", "no file", then=send("aside button.primary"), status=422),
    Visit("billing:statement_waiting", "li_na"),
    Visit("billing:statement_waiting", "wang", "no shift"),
    Visit("billing:statement_waiting", "sun", "empty"),
    one("billing:statement", "statement", "taken"),
    one("billing:statement", "statement", "nothing of it", query="?show=missing"),
    one("billing:statement", "statement, draft", "draft with errors"),
    one(
        "billing:statement",
        "statement, draft",
        "rows are refused",
        then=send("form[action$='take_statement/'] button.primary"),
        status=409,
    ),
    one("billing:statement_columns", "statement, unknown", "unknown"),
    one(
        "billing:statement_columns",
        "statement, unknown",
        "nothing chosen",
        then=send("form[data-edits] button.primary"),
        status=422,
    ),
    line("line 0001", "candidate"),
    line("line 0001", "read only", who="zhou"),
    line("line 2025", "differs"),
    line("line 0002", "nobody found", query="?q=9-9-9999"),
    line("line 0002", "no reason", then=send("form[action$='set_line_aside/'] button"), status=422),
    Visit("billing:statement_line", state="home chosen", begin=home_chosen),
    Visit(
        "billing:statement_line",
        state="more than is owed",
        begin=home_chosen,
        then=untick,
        status=409,
    ),
    line("line 0005", "set aside"),
    line("line 0006", "matched"),
]
NOT_PAGES = {
    "billing:statement_upload": "takes a file on the page of the list",
    "billing:statement_heading": "a step on the page of the columns",
    "billing:statement_faults": "a file of what cannot be read",
    "billing:take_statement": "a step on the page of a statement",
    "billing:give_up_statement": "a step on the page of a statement",
    "billing:take_line": "a step on the page of a line",
    "billing:link_line": "a step on the page of a line",
    "billing:set_line_aside": "a step on the page of a line",
    "billing:bring_line_back": "a step on the page of a line",
}
