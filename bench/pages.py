"""What is measured: each page with who asks for it, how, and the goal that it is to meet."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from urllib.parse import urlencode

from django.core.cache import cache
from django.http import HttpResponse
from django.test import RequestFactory

from bench import reporting, words
from bench.serving import Answer, Browser
from bench.views import measured
from complaints import actions
from complaints.figures import MONTH, period_of
from complaints.listing import PAGE
from complaints.models import Case, Category
from complaints.models.cases import ENDED
from residents.models import Occupancy, Person, ReadingRound, VisitPlan
from servicedesk import demo
from servicedesk.core import clock, events
from servicedesk.core.models import Community, User
from servicedesk.desk.demo.places import GARDEN

DEEP = 400
LOGINS = {"clerk": "desk1", "supervisor": "sup1", "administrator": "admin1"}


class World:
    """One size as its users meet it: rows to ask for, and two people who are signed in."""

    def __init__(self, size, server):
        self.size, self.server, self.draw = size, server, Random(1)
        self.community = Community.objects.get(code=GARDEN)
        cases = Case.objects.filter(community=self.community)
        self.categories = {category.code: category for category in Category.objects.filter(community=self.community)}
        self.people = list(Person.objects.order_by("?")[:200])
        self.homes = list(Occupancy.objects.select_related("person", "unit").order_by("?")[:200])
        open_cases = cases.exclude(status__in=ENDED).filter(unit__isnull=False)
        self.numbers = list(open_cases.order_by("?").values_list("number", flat=True)[:200])
        self.deep = min(DEEP, size.cases // PAGE - 1)
        self.after = cases.order_by("-id").values_list("pk", flat=True)[(self.deep - 1) * PAGE - 1]
        self.browsers = {}

    def sign_in(self):
        for who, login in LOGINS.items():
            browser = self.browsers[who] = Browser(self.server.port).sign_in(login, demo.PASSWORD)
            browser.post("/community/", {"community": self.community.pk})

    def home(self):
        return self.draw.choice(self.homes)


@dataclass(frozen=True)
class Page:
    """One line of the table. `send` makes one request, prepared outside of the time it takes, and returns its answer.

    `goal` and `growth` are what the ratio to the floor and its growth may be; `status` is what must come back. The goal
    of a page `against` another one is a ratio to that.
    """

    name: str
    label: str
    send: Callable
    goal: float | None = None
    growth: float | None = None
    most_queries: int | None = None
    status: int = 200
    against: str = ""


def get(path, who="supervisor", **page):
    """Return a Page that is fetched; `path` may be a function of the world."""

    def send(world, headers=()):
        return world.browsers[who].get(path(world) if callable(path) else path, headers)

    return Page(send=send, **page)


def listed(name, label, **query):
    return get(f"/cases/?{urlencode(query)}", name=name, label=label, goal=6, growth=1.25, most_queries=15)


def plain(name, label, path, who="clerk"):
    """Return the Page of a list or a form with the goal of all that have none of their own."""
    return get(path, who, name=name, label=label, goal=6, growth=1.25, most_queries=15)


def sought(name, label, word):
    """Return a Page of the finder, asked for a word of somebody else each time."""
    return get(
        lambda world: "/desk/find/?" + urlencode({"q": word(world.home())}), "clerk", name=name, label=label, goal=3
    )


def _open_round(world):
    return ReadingRound.objects.get(closed_at=None).get_absolute_url()


def _visit_plan(world):
    return f"/visits/{VisitPlan.objects.get().pk}/"


def _people(query):
    return "/people/?" + urlencode({"q": query})


def _preview(world, headers=()):
    home = world.home()
    fields = {
        "who": f"o{home.pk}",
        "category": world.categories["indoor"].pk,
        "urgency": "ordinary",
        "severity": "general",
        "summary": world.draw.choice(words.MATTERS),
    }
    return world.browsers["clerk"].post("/desk/preview/", fields, {"HX-Request": "true", **dict(headers)})


def _board(world, headers=()):
    """Look at the board once more, as it does by itself: nothing has happened since somebody looked."""
    world.browsers["supervisor"].get("/board/")
    return world.browsers["supervisor"].get("/board/", headers)


def _changed_board(world, headers=()):
    """Look at the board when something has just happened: all that it shows is counted anew."""
    events.log(Case.objects.get(number=world.draw.choice(world.numbers)), "noted", by=None, now=clock.now())
    return world.browsers["supervisor"].get("/board/", headers)


def _month(world, headers=()):
    """Look at the report of last month when something has just happened: every figure is counted anew."""
    events.log(Case.objects.get(number=world.draw.choice(world.numbers)), "noted", by=None, now=clock.now())
    return world.browsers["supervisor"].get(f"/reports/monthly/{_last_month(world).starts_on:%Y-%m}/", headers)


def _bare_month(world, headers=()):
    """Count what stands on that report in bare SQL, in this process, and answer as a page would."""
    user = User.objects.get(username=LOGINS["supervisor"])
    return _in_this_process(lambda: reporting.count(world.community, user, _last_month(world), clock.now()), headers)


def _last_month(world):
    return period_of(MONTH, world.community.local(clock.now()).date()).before


def _report(world, headers=()):
    """Fill in the residents' form, page by page, and take the time of sending it off.

    The budgets of an address are emptied first: everybody of the benchmark comes from the same one.
    """
    cache.clear()
    resident, home = Browser(world.server.port), world.home()
    path = resident.get(f"/p/report/?c={GARDEN}").location[:-2]
    resident.get(f"{path}1/")
    resident.post(f"{path}1/", {"scope": "home", "category": world.categories["indoor"].pk})
    matter = world.draw.choice(words.MATTERS)
    resident.post(f"{path}2/", {"summary": matter, "description": "，".join(words.PARTS[:3]), "visit": "agree"})
    resident.post(f"{path}3/", {"room": home.unit.label, "phone": home.person.phone, "name": home.person.name})
    answer = resident.post(f"{path}4/", {}, headers)
    if "/t/" not in answer.location:
        raise RuntimeError(f"The form was not taken: {answer.status} {answer.location}")
    return answer


def _sweep(world, headers=()):
    """Run the sweep in this process, when it has nothing to do, and answer as a page would."""
    now = clock.now()
    return _in_this_process(lambda: actions.escalate_overdue(now=now), headers)


def _in_this_process(work, headers):
    def view(request):
        work()
        return HttpResponse()

    ask = measured(view)
    ask(RequestFactory().get("/"))
    request = RequestFactory().get("/", headers=dict(headers))
    began = time.perf_counter()
    response = ask(request)
    return Answer(200, response.headers, b"", time.perf_counter() - began)


FLOOR = get(lambda world: f"/bench/floor/{world.draw.choice(world.people).pk}/", name="floor", label="the floor, F")
PAGES = [
    get("/desk/", "clerk", name="intake", label="intake page", goal=6, growth=1.25, most_queries=15),
    Page("preview", "intake, preview", _preview, goal=6, growth=1.25, most_queries=15),
    listed("list", "list, newest 50 open", view="open", sort="newest"),
    listed("list-due", "list, open by deadline", view="open"),
    listed("list-kind", "list, all, one kind", view="all", kind="complaint"),
    get(
        lambda world: f"/cases/?view=all&department={world.categories['noise'].department_id}",
        name="list-department", label="list, all, one department", goal=6, growth=1.25, most_queries=15,
    ),
    listed("list-level", "list, all, level 3", view="all", level=3),
    listed("list-tag", "list, all, status waiting", view="all", tag="wait"),
    listed("list-text", "list, all, a common word", view="all", q="漏水"),
    listed("list-rare", "list, all, a rare word", view="all", q="龙骨"),
    listed("list-all", "list, all, page 1", view="all"),
    get(
        lambda world: f"/cases/?view=all&after={world.after}",
        name="list-deep", label="list, all, page 400", goal=6, growth=1.25, most_queries=15,
    ),
    get(
        lambda world: f"/cases/{world.draw.choice(world.numbers)}/",
        name="case", label="case page", goal=4, growth=1.25, most_queries=15,
    ),
    Page("board", "board, looked at again", _board, goal=7, growth=1.3, most_queries=15),
    Page("board-new", "board, after a change", _changed_board, goal=7, growth=1.3, most_queries=15),
    sought("find-room", "finder, room", lambda home: home.unit.label),
    sought("find-phone", "finder, end of a telephone", lambda home: home.person.phone[-4:]),
    sought("find-name", "finder, name", lambda home: home.person.name),
    sought("find-initials", "finder, initials", lambda home: home.person.initials),
    get("/units/", "clerk", name="homes", label="homes, page 1", goal=6, growth=1.25, most_queries=15),
    get(
        "/units/?state=let", "clerk", name="homes-state", label="homes that are let", goal=6, growth=1.25,
        most_queries=15,
    ),
    get(
        lambda world: f"/units/?building={world.home().unit.building_id}",
        "clerk", name="homes-building", label="homes of one building", goal=6, growth=1.25, most_queries=15,
    ),
    get(
        lambda world: world.home().unit.get_absolute_url(),
        "clerk", name="home", label="page of a home", goal=6, growth=1.25, most_queries=15,
    ),
    get("/residents/", "clerk", name="residents", label="residents, page 1", goal=6, growth=1.25, most_queries=15),
    get(
        "/residents/?letter=L", "clerk", name="residents-letter", label="residents, one letter", goal=6, growth=1.25,
        most_queries=15,
    ),
    get(
        lambda world: "/residents/?" + urlencode({"q": world.home().person.initials}),
        "clerk", name="residents-search", label="residents, initials", goal=6, growth=1.25, most_queries=15,
    ),
    get(
        lambda world: world.home().person.get_absolute_url(),
        "clerk", name="resident", label="page of a resident", goal=6, growth=1.25, most_queries=15,
    ),
    *(
        get(address, "clerk", name=name, label=label, goal=6, growth=1.25, most_queries=15)
        for name, label, address in [
            ("keys", "keys that are out", "/keys/"),
            ("cabinet", "key cabinet", "/keys/cabinet/"),
            ("key-ledger", "ledger of keys", "/keys/ledger/"),
            ("cards", "cards and passes", "/cards/"),
            ("meters", "meters", "/meters/"),
            ("rounds", "reading rounds", "/meters/rounds/"),
            ("round", "an open reading round", _open_round),
            ("moves", "moves of the week", "/moves/"),
            ("visit-plans", "plans of home visits", "/visits/"),
            ("visit-plan", "a plan of home visits", _visit_plan),
            ("boards", "directory boards", "/signs/"),
        ]
    ),
    get(
        lambda world: world.home().unit.get_absolute_url() + "?tab=cases",
        "clerk", name="home-cases", label="page of a home, its cases", goal=6, growth=1.25, most_queries=15,
    ),
    plain("visits", "return visits", "/callbacks/"),
    plain("calls", "calls of a day", "/calls/"),
    plain("mail", "incoming letters of a month", "/mail/"),
    plain("mine", "my answers", "/mine/"),
    plain("approvals", "approvals", "/approvals/", "supervisor"),
    plain("warranty", "warranty", "/warranty/", "supervisor"),
    plain("problems", "problems of a month", "/problems/", "supervisor"),
    plain("people", "people's data, a name", lambda world: _people(world.home().person.name), "supervisor"),
    plain("people-room", "people's data, a room", lambda world: _people(world.home().unit.label), "supervisor"),
    plain("people-phone", "people's data, a telephone", lambda world: _people(world.home().person.phone), "supervisor"),
    plain("settings", "settings", "/settings/", "administrator"),
    plain("settings-rows", "settings, categories", "/settings/categories/", "administrator"),
    get("/search/?" + urlencode({"q": "漏水"}), name="search", label="search, a common word", goal=8),
    get("/search/?" + urlencode({"q": "龙骨"}), name="search-rare", label="search, a rare word", goal=8),
    Page("month", "month report, counted anew", _month, goal=3, against="month-bare"),
    Page("month-bare", "its figures in bare SQL", _bare_month),
    Page("report", "public form, last step", _report, goal=3, status=303),
    Page("sweep", "sweep, nothing due", _sweep, goal=2, growth=1.25),
]  # fmt: skip
