"""`python -m bench`: fill the databases, serve them, measure, and print one table of ratios to the floor."""

import argparse
import os
import secrets
import sys
from collections import defaultdict
from datetime import timedelta

from bench import serving
from servicedesk import embedded

ROUNDS, QUICK_ROUNDS = 40, 3
SWEEP_ROUNDS = 2
WARM_UP = 4
SIZES = {"1k": 1_000, "100k": 100_000, "1m": 1_000_000}
DUE = [1_000, 10_000, 100_000]
# The floor is measured again after so many pages.
FLOOR_EVERY = 4


def main():
    wanted = arguments()
    start_database()
    try:
        with serving.cache() as cache:
            set_up()
            print(f"The cache is {cache}.", flush=True)
            measure(wanted)
    finally:
        embedded.leave()


def measure(wanted):
    from bench import table

    if wanted.billing:
        print("\n" + table.of_billing(*measure_billing(wanted)), flush=True)
        return
    sizes = make_databases(wanted)
    if not wanted.only_sweep:
        print("\n" + table.of_pages(measure_pages(sizes, wanted)), flush=True)
    if not wanted.no_sweep:
        print("\n" + table.of_sweeps(measure_sweeps(wanted)), flush=True)


def arguments():
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--sizes", default="1k,100k", help="of 1k, 100k, 1m (default %(default)s)")
    parser.add_argument("--million", action="store_true", help="1,000,000 cases as well")
    parser.add_argument("--quick", action="store_true", help="three rounds, to see that it works")
    parser.add_argument("--rounds", type=int, help=f"how often each page is asked for (default {ROUNDS})")
    parser.add_argument("--requests", type=int, default=0, help="so many more, to see whether a worker grows")
    parser.add_argument("--only", default="", help="names of pages, separated by commas")
    parser.add_argument("--no-sweep", action="store_true", help="leave out the sweeps with many due cases")
    parser.add_argument("--only-sweep", action="store_true", help="leave out the pages")
    parser.add_argument("--billing", action="store_true", help="a month billed for 100,000 units, and nothing else")
    parser.add_argument("--fresh", action="store_true", help="fill the databases anew")
    wanted = parser.parse_args()
    wanted.sizes = [
        size for size in SIZES if size in wanted.sizes.lower().split(",") or (size == "1m" and wanted.million)
    ]
    wanted.rounds = wanted.rounds or (QUICK_ROUNDS if wanted.quick else ROUNDS)
    return wanted


def start_database():
    """Start the database server and say how the app is to run: as in production, on plain http."""
    os.environ["SERVICEDESK_DATA"] = str(embedded.data_dir() / "bench")
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "bench.settings",
        "DATABASE_URL": embedded.database_url("bench_empty"),
        "SECRET_KEY": secrets.token_urlsafe(64),
        "ALLOWED_HOSTS": "127.0.0.1",
        "PLAIN_HTTP": "yes",
        "SECOND_FACTOR": "no",
        "EMAIL_URL": "dummymail://",
    }
    os.chdir(embedded.BASE_DIR)
    embedded.ensure_running()


def set_up():
    import django
    from django.core.management import call_command

    django.setup()
    call_command("collectstatic", verbosity=0, interactive=False)


def make_databases(wanted):
    from bench import databases
    from bench.filling import Size
    from servicedesk.core import clock

    sizes = [Size(name, SIZES[name]) for name in wanted.sizes]
    for size in sizes if not wanted.only_sweep else []:
        seconds = databases.make(size, clock.now(), fresh=wanted.fresh)
        print(
            f"{size.name}: {size.cases:,} cases, {size.open:,} open, {size.people:,} people, filled in {seconds:.0f} s"
        )
    return sizes


def measure_pages(sizes, wanted):
    """Return what the rounds found: the pages, the times, the queries, and what the workers weigh."""
    from bench import databases
    from bench.pages import FLOOR, PAGES, World

    only = set(filter(None, wanted.only.split(",")))
    pages = [page for page in PAGES if not only or page.name in only]
    servers = {size.name: serving.Server(databases.name_of(size)) for size in sizes}
    try:
        worlds = []
        for size in sizes:
            servers[size.name].wait()
            databases.use(databases.name_of(size))
            worlds.append(World(size, servers[size.name]))
            worlds[-1].sign_in()
        found = Found(sizes, pages)
        for world in worlds:
            databases.use(databases.name_of(world.size))
            for page in [FLOOR, *pages]:
                for _ in range(WARM_UP):
                    check(page, page.send(world))
                found.note(world, page, page.send(world, {"X-Measure": "queries"}))
            found.memory[world.size.name] = [world.server.memory()]
        for _ in range(wanted.rounds):
            for world in worlds:
                databases.use(databases.name_of(world.size))
                one_round(world, pages, found)
        for world in worlds:
            databases.use(databases.name_of(world.size))
            for n in range(wanted.requests):
                pages[n % (len(pages) - 1)].send(world)
            found.memory[world.size.name].append(world.server.memory())
        found.requests = (wanted.rounds + WARM_UP) * len(pages) + wanted.requests
        return found
    finally:
        for server in servers.values():
            server.stop()


class Found:
    """Everything that was measured about the pages."""

    def __init__(self, sizes, pages):
        self.sizes, self.pages = [size.name for size in sizes], pages
        self.times, self.processor = defaultdict(list), defaultdict(list)
        self.queries, self.bytes, self.memory, self.requests = {}, {}, {}, 0

    def note(self, world, page, answer):
        check(page, answer)
        self.queries[page.name, world.size.name] = int(answer.headers["X-Queries"])
        self.bytes[page.name, world.size.name] = len(answer.body)

    def take(self, world, page):
        """Make one request and keep its time on the clock; the processor time comes with it."""
        answer = page.send(world, {"X-Measure": "processor"})
        check(page, answer)
        self.times[page.name, world.size.name].append(answer.seconds)
        self.processor[page.name, world.size.name].append(float(answer.headers["X-Processor"]))


def check(page, answer):
    if answer.status != page.status:
        raise RuntimeError(f"{page.name}: {answer.status}\n{answer.body.decode()[:500]}")


def one_round(world, pages, found):
    from bench.pages import FLOOR

    for n, page in enumerate(pages):
        if n % FLOOR_EVERY == 0:
            found.take(world, FLOOR)
        found.take(world, page)


def measure_sweeps(wanted):
    """Return for each number of due cases the seconds of the action and of the bare SQL, and the action's memory."""
    from bench import databases, sweeping
    from bench.filling import Size, morning_of
    from servicedesk.core import clock
    from servicedesk.core.models import Community

    most = 1_000 if wanted.quick else 100_000
    counts = [n for n in DUE if n <= most]
    size = Size("due", sum(counts), all_due=True)
    databases.use("bench_empty")
    moment = morning_of(clock.now(), Community(time_zone="Asia/Shanghai"))
    seconds = databases.make(size, moment, fresh=wanted.fresh)
    print(f"due: {size.cases:,} cases, all open, filled in {seconds:.0f} s", flush=True)
    rows = {n: {"ours": [], "bare": [], "memory": []} for n in counts}
    try:
        for _ in range(1 if wanted.quick else SWEEP_ROUNDS):
            for name in ("bench_ours", "bench_bare"):
                databases.copy(databases.name_of(size), name)
            now = moment
            for n in counts:
                now += timedelta(milliseconds=n + 0.5)
                took, cases, memory = sweeping.ours("bench_ours", now)
                rows[n]["ours"].append(took)
                rows[n]["memory"].append(memory)
                took, bare_cases = sweeping.bare("bench_bare", now)
                rows[n]["bare"].append(took)
                print(f"{n:,}: {rows[n]['ours'][-1]:.2f} s, in bare SQL {took:.2f} s", flush=True)
                if not cases == bare_cases == n:
                    raise RuntimeError(f"{n} cases were due; the sweep raised {cases}, the SQL {bare_cases}.")
                now -= timedelta(milliseconds=0.5)
    finally:
        databases.drop("bench_ours", "bench_bare")
    return rows


def measure_billing(wanted):
    """Return (units, what each round took): the run, the second run and the bare SQL in seconds, the run's memory; and
    (bills, seconds of the page of arrears, seconds of its figures in bare SQL)."""
    from bench import arrears, billing, databases
    from bench.filling import Size
    from servicedesk.core import clock

    units = 2_000 if wanted.quick else 100_000
    # The empty database, with all migrations, is made beside the smallest of the pages.
    databases.use("bench_empty")
    databases.make(Size("1k", SIZES["1k"]), clock.now())
    databases.copy("bench_empty", "bench_units")
    billing.fill("bench_units", units)
    rounds = []
    try:
        for _ in range(1 if wanted.quick else SWEEP_ROUNDS):
            for name in ("bench_ours", "bench_bare"):
                databases.copy("bench_units", name)
            bare, rows = billing.bare("bench_bare")
            (first, made), (second, again), memory = billing.ours("bench_ours")
            print(f"{made:,} bills: {first:.2f} s, again {second:.2f} s, in bare SQL {bare:.2f} s", flush=True)
            if not made == rows == 3 * units or again:
                raise RuntimeError(f"{made} bills were made, {again} by the second run, {rows} in bare SQL.")
            rounds.append({"first": first, "second": second, "bare": bare, "memory": memory})
        bills = arrears.fill("bench_units", 10)
        looks = (bills, arrears.ours("bench_units"), arrears.bare("bench_units"))
    finally:
        databases.drop("bench_ours", "bench_bare", "bench_units")
    return units, rounds, looks


if __name__ == "__main__":
    sys.exit(main())
