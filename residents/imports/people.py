"""Residents and what they occupy, from a file."""

import datetime

from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from residents.imports import cells
from residents.imports.cells import BadCell
from residents.imports.places import NAMES_A_UNIT, Rooms, log, places
from residents.imports.targets import Column, Target, compare
from residents.models import ImportRun, Occupancy, Person, Unit
from residents.models.occupancies import DAYS_AHEAD, LEASE_DAYS, is_day_of_a_life
from residents.names import initials_of, pinyin_of
from servicedesk.core import bulk, events
from servicedesk.core.masking import mask_email

NAME = Column(
    "name",
    _("Name"),
    cells.Text(120),
    "张三",
    "姓名 业主姓名 客户名称 客户姓名 住户姓名 业主 户主 名称 联系人 name owner resident",
    required=True,
)
PHONE = Column(
    "phone",
    _("Telephone"),
    cells.phone,
    "13800001234",
    "电话 手机 手机号 联系电话 手机号码 联系方式 phone mobile telephone",
)


class People(Target):
    key = ImportRun.Target.PEOPLE.value
    about = _("One row is a person or a company. Where somebody lives is a file of its own.")
    columns = (
        NAME,
        PHONE,
        Column(
            "kind",
            _("Person or company"),
            str,
            "个人",
            "类型 客户类型 客户类别 性质 kind type",
            choices=tuple(Person.Kind.choices),
            words={"个人": "person", "自然人": "person", "公司": "company", "单位": "company", "企业": "company"},
        ),
        Column("title", _("Form of address"), cells.Text(20), "先生", "称呼 尊称 title salutation"),
        Column(
            "email",
            _("E-mail"),
            cells.email,
            "name@example.com",
            "邮箱 电子邮箱 电子邮件 email mail e-mail",
            _("Nobody gets e-mails before they have agreed to it; that is recorded on their entry."),
        ),
        Column(
            "note",
            _("Standing instruction"),
            cells.Text(2000),
            "",
            "备注 特别说明 服务提示 note instruction remark",
            _("What the desk should know at every call, for example: knock, the bell does not work."),
        ),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        rows = Person.objects.filter(community=self.community).known()
        self.known = {
            (name, phone): (kind, title, mask_email(email))
            for name, phone, kind, title, email in rows.values_list("name", "phone", "kind", "title", "email").iterator(
                2000
            )
        }

    def judge(self, entry):
        facts = entry.facts
        key = (facts["name"], facts["phone"] or "")
        known = self.known.get(key)
        if known is not None:
            shown = facts | {"email": mask_email(facts["email"] or "")}
            names = ("kind", "title", "email")
            return compare(shown, *zip(names, known, strict=True), line=self.lines.get(key))
        self.lines[key] = entry.line
        email = mask_email(facts["email"] or "")
        self.known[key] = (facts["kind"] or Person.Kind.PERSON.value, facts["title"] or "", email)
        return None

    def write(self, entries):
        keys = bulk.keys_for(Person, len(entries))
        bulk.copy_values(Person, [self._row(key, entry.facts) for key, entry in zip(keys, entries, strict=True)])
        log(self, Person, "person_registered", keys)
        return [(Person, keys)]

    def _row(self, key, facts):
        name, phone = facts["name"], facts["phone"] or ""
        return {
            "id": key,
            "community_id": self.community.pk,
            "kind": facts["kind"] or Person.Kind.PERSON.value,
            "name": name,
            "title": facts["title"] or "",
            "phone": phone,
            "phone_reversed": phone[::-1],
            "pinyin": pinyin_of(name),
            "initials": initials_of(name),
            "email": facts["email"] or "",
            "note": facts["note"] or "",
        }


class Occupancies(Target):
    key = ImportRun.Target.OCCUPANCIES.value
    about = _("One row says who occupies a unit. The units and the residents must be in the register.")
    one_of = NAMES_A_UNIT
    columns = places(
        NAME,
        PHONE,
        Column(
            "kind",
            _("Capacity"),
            str,
            "业主",
            "身份 住户类型 与业主关系 关系 客户身份 入住身份 capacity kind",
            choices=tuple(Occupancy.Kind.choices),
            words={
                **dict.fromkeys(("业主", "产权人", "房主", "户主"), "owner"),
                **dict.fromkeys(("租户", "租客", "承租人", "租赁", "tenant"), "lessee"),
                **dict.fromkeys(("家属", "家庭成员", "家人", "配偶", "子女", "父母", "同住人"), "household"),
                **dict.fromkeys(("员工", "公司员工", "职员"), "staff"),
            },
            required=True,
        ),
        Column(
            "starts_on",
            _("From"),
            cells.day,
            "2020-05-01",
            "入住日期 起始日期 开始日期 交房日期 起租日期 自 from start since",
            required=True,
        ),
        Column(
            "ends_on",
            _("To"),
            cells.day,
            "",
            "搬离日期 结束日期 截止日期 到期日期 至 to end until",
            _("The last day; empty while it goes on."),
        ),
        Column(
            "share",
            _("Share of ownership in %"),
            cells.percent,
            "50",
            "产权份额 份额 产权比例 占比 share",
            _("Of owners only, where several own a home."),
        ),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.rooms = Rooms(self.community)
        self.people, self.periods, self.shares = {}, {}, {}
        self.planned, self.planned_shares = {}, {}

    def prepare(self, entries):
        self.rooms.load(entries)
        names = {entry.facts["name"] for entry in entries}
        self.people = {name: [] for name in names}
        rows = Person.objects.filter(community=self.community, name__in=names).known()
        for pk, name, phone in rows.values_list("pk", "name", "phone"):
            self.people[name].append((pk, phone))
        units = {pk for found in self.rooms.found.values() for pk, _building in found}
        people = {pk for found in self.people.values() for pk, _phone in found}
        self.periods = {pair: list(found) for pair, found in self.planned.items()}
        rows = Occupancy.objects.in_force().filter(unit__in=units, person__in=people)
        for unit, person, kind, period in rows.values_list("unit_id", "person_id", "kind", "period"):
            self.periods.setdefault((unit, person), []).append((kind, period.lower, period.upper))
        self.shares = {unit: list(found) for unit, found in self.planned_shares.items()}
        rows = Occupancy.objects.in_force().filter(unit__in=units, share__isnull=False)
        for unit, share, period in rows.values_list("unit_id", "share", "period"):
            self.shares.setdefault(unit, []).append((share, period.lower, period.upper))

    def judge(self, entry):
        facts = entry.facts
        unit, _building = self.rooms.unit(facts)
        person = self._person(facts)
        starts, ends = facts["starts_on"], _after(facts["ends_on"])
        for column, ahead in (("starts_on", DAYS_AHEAD), ("ends_on", LEASE_DAYS)):
            if facts[column] and not is_day_of_a_life(facts[column], self.now.date(), ahead):
                raise BadCell(gettext_noop("This date is too far away. Look at the year, please."), column)
        if ends is not None and ends <= starts:
            raise BadCell(gettext_noop("It cannot end before it begins."), "ends_on")
        if facts["share"] is not None and facts["kind"] != Occupancy.Kind.OWNER:
            raise BadCell(gettext_noop("Only owners have a share of a home."), "share")
        for kind, lower, upper in self.periods.get((unit, person), ()):
            if (kind, lower) == (facts["kind"], starts):
                ends_on = upper and upper - datetime.timedelta(days=1)
                return compare(facts, ("ends_on", ends_on), line=self.lines.get((unit, person, kind, lower)))
            if (upper is None or starts < upper) and (ends is None or lower < ends):
                reason = gettext_noop("This resident occupies the unit already in these days, from %(day)s.")
                raise BadCell(reason, "starts_on", day=lower.isoformat())
        if facts["share"] is not None:
            self._own(unit, facts["share"], starts, ends)
        self.lines[unit, person, facts["kind"], starts] = entry.line
        period = (facts["kind"], starts, ends)
        self.periods.setdefault((unit, person), []).append(period)
        if self.dry:
            self.planned.setdefault((unit, person), []).append(period)
        return None

    def _own(self, unit, share, starts, ends):
        """Remember a share of a unit. Raises BadCell where the shares of one of its days would be more than a whole."""
        owned = self.shares.setdefault(unit, [])
        meeting = [one for one in owned if (one[2] is None or starts < one[2]) and (ends is None or one[1] < ends)]
        # The sum only rises on the day on which a share begins.
        days = [starts, *(lower for _share, lower, _upper in meeting if lower > starts)]
        most = share + max(
            sum(part for part, lower, upper in meeting if lower <= day and (upper is None or day < upper))
            for day in days
        )
        if most > 100:
            reason = gettext_noop("The shares of this unit would add up to %(sum)s %%, more than 100 %%.")
            raise BadCell(reason, "share", sum=f"{most:f}")
        owned.append((share, starts, ends))
        if self.dry:
            self.planned_shares.setdefault(unit, []).append((share, starts, ends))

    def _person(self, facts):
        """Return the key of the one resident of this name and number. Raises BadCell."""
        found = [pk for pk, phone in self.people[facts["name"]] if facts["phone"] in (None, phone)]
        if not found:
            reason = gettext_noop("The register has nobody of this name and number. Import the residents first.")
            raise BadCell(reason, "name")
        if len(found) > 1:
            raise BadCell(gettext_noop("Several residents have this name. Add the telephone number."), "name")
        return found[0]

    def write(self, entries):
        keys = bulk.keys_for(Occupancy, len(entries))
        rows = [
            {
                "id": key,
                "unit_id": self.rooms.unit(entry.facts)[0],
                "person_id": self._person(entry.facts),
                "kind": entry.facts["kind"],
                "share": entry.facts["share"],
                "period": DateRange(entry.facts["starts_on"], _after(entry.facts["ends_on"])),
            }
            for key, entry in zip(keys, entries, strict=True)
        ]
        bulk.copy_values(Occupancy, rows)
        about = [(row["unit_id"], self.data | {"person": row["person_id"], "kind": row["kind"]}) for row in rows]
        events.log_many(Unit, about, "moved_in", community=self.community, by=self.by, now=self.now)
        return [(Occupancy, keys)]


def _after(day):
    """Return the first day that no longer belongs to a period with this last day."""
    return day and day + datetime.timedelta(days=1)
