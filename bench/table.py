"""The results as tables of plain text that are Markdown, too."""

import statistics

from bench.pages import FLOOR


def of_pages(found):
    """Return the table of the pages: milliseconds, ratios to the floor of the same size, growth, goal.

    The ratio is that of the times on the clock; behind it stands the one of processor time, which others who use the
    machine disturb less.
    """
    head = ["page", "queries", "kB"]
    for size in found.sizes:
        head += [f"{size}: ms (p95)", "× F (cpu)"]
    head += ["growth (cpu)", "goal", ""]
    rows = [_line(found, page) for page in [FLOOR, *found.pages]]
    first = found.pages[0].name, found.sizes[0]
    notes = [
        f"Medians of {len(found.times[FLOOR.name, found.sizes[0]])} requests for F, which makes "
        f"{found.queries[FLOOR.name, found.sizes[0]]} queries, and of {len(found.times[first])} for each page."
    ]
    for size in found.sizes:
        before, after = found.memory[size]
        notes.append(
            f"A worker over {size} weighs {before:.0f} MB warm, {after:.0f} MB after {found.requests} requests."
        )
    return "\n".join([_lines(head, rows), "", *notes, ""])


def _line(found, page):
    cells, ratios, weights = [], [], []
    for size in found.sizes:
        times = sorted(found.times[page.name, size])
        ratios.append(_ratio(found.times, page, size))
        weights.append(_ratio(found.processor, page, size))
        p95 = times[int(len(times) * 0.95)]
        cells += [f"{statistics.median(times) * 1000:.1f} ({p95 * 1000:.1f})", f"{ratios[-1]:.2f} ({weights[-1]:.2f})"]
    queries = max(found.queries.get((page.name, size), 0) for size in found.sizes)
    growths = ratios[-1] / ratios[0], weights[-1] / weights[0]
    return [
        page.label,
        str(queries or ""),
        f"{found.bytes.get((page.name, found.sizes[-1]), 0) / 1000:.0f}",
        *cells,
        f"{growths[0]:.2f} ({growths[1]:.2f})" if len(found.sizes) > 1 else "",
        _goal(page),
        _met(page, *_to_other(found, page, ratios, weights), growths, queries),
    ]


def _ratio(found, page, size):
    return statistics.median(found[page.name, size]) / statistics.median(found[FLOOR.name, size])


def _goal(page):
    if page.goal is None:
        return ""
    unit = f"× {page.against}" if page.against else "F"
    return f"≤ {page.goal} {unit}" + (f", ≤ {page.growth}" if page.growth else "")


def _to_other(found, page, ratios, weights):
    """Return the ratios that the goal of `page` speaks of: those to the floor, or to the page that it is against at the
    largest size; nothing where that page was not asked for."""
    size = found.sizes[-1]
    if not page.against:
        return ratios, weights
    if not found.times[page.against, size]:
        return [], []
    both = found.times, found.processor
    return [[statistics.median(of[page.name, size]) / statistics.median(of[page.against, size])] for of in both]


def _met(page, ratios, weights, growths, queries):
    """Say whether a page meets its goal; "by cpu" where only the processor time, without the others' noise, does."""
    if page.goal is None or not ratios:
        return ""
    if page.most_queries and queries > page.most_queries:
        return "MISSED"
    for figures, growth, words in [(ratios, growths[0], "met"), (weights, growths[1], "by cpu")]:
        if max(figures) <= page.goal and (not page.growth or growth <= page.growth):
            return words
    return "MISSED"


def of_sweeps(rows):
    """Return the table of the sweeps: the action against the bare SQL of the same rows, and its memory."""
    head = ["due at once", "sweep, s", "cases a second", "bare SQL, s", "ratio", "goal", "", "peak memory, MB"]
    lines = []
    for n, row in rows.items():
        ours, bare, memory = (statistics.median(row[name]) for name in ("ours", "bare", "memory"))
        met = "met" if ours <= 3 * bare else "MISSED"
        figures = [f"{ours:.2f}", f"{n / ours:,.0f}", f"{bare:.2f}", f"{ours / bare:.2f}"]
        lines.append([f"{n:,}", *figures, "≤ 3", met, f"{memory:.0f}"])
    return "\n".join([_lines(head, lines), ""])


def of_billing(units, rounds, looks):
    """Return the table of a billing run against the bare SQL of as many rows, of a second run against the first, and of
    the page of arrears against its figures in bare SQL."""
    bills, page, figures = looks
    first, second, bare, memory = (
        statistics.median(one[n] for one in rounds) for n in ("first", "second", "bare", "memory")
    )
    head = ["bills", "seconds", "ratio", "goal", "", "peak memory, MB"]
    lines = [
        [f"{3 * units:,} in bare SQL", f"{bare:.2f}", "", "", "", ""],
        [
            "the run",
            f"{first:.2f}",
            f"{first / bare:.2f}",
            "≤ 3",
            "met" if first <= 3 * bare else "MISSED",
            f"{memory:.0f}",
        ],
        [
            "the second run",
            f"{second:.2f}",
            f"{second / first:.2f}",
            "≤ 0.3",
            "met" if second <= 0.3 * first else "MISSED",
            "",
        ],
        [f"arrears by age of {bills:,} bills in bare SQL", f"{figures:.2f}", "", "", "", ""],
        [
            "the page of arrears",
            f"{page:.2f}",
            f"{page / figures:.2f}",
            "≤ 3",
            "met" if page <= 3 * figures else "MISSED",
            "",
        ],
    ]
    return "\n".join([_lines(head, lines), ""])


def _lines(head, rows):
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[n]) for row in [head, *rows]) for n in range(len(head))]
    write = lambda row: "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"  # noqa: E731
    return "\n".join([write(head), "|" + "|".join("-" * (width + 2) for width in widths) + "|", *map(write, rows)])
