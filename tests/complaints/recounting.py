"""The figures of a report counted once more, case by case, in plain Python: what the one statement is held against."""

from collections import Counter
from datetime import timedelta

from complaints import figures
from complaints.models import Case, Cycle, Escalation, Rating, Reply, ReturnVisit
from servicedesk.core.models import Event


def recount(community, first, after, now, *, but=()):
    """Return {figure: number} of the cases received from the local date `first` until before `after`."""
    near = first - timedelta(days=2), after + timedelta(days=2)
    rows = Case.objects.filter(community=community, received_at__date__range=near).exclude(pk__in=but)
    cases = [
        case
        for case in rows.select_related("policy", "unit")
        if first <= community.local(case.received_at).date() < after
    ]
    counted = [case for case in cases if case.status not in ("void", "merged")]
    levels, replies, taken = {}, {}, {}
    for case, level in Escalation.objects.values_list("case_id", "to_level"):
        levels[case] = max(level, levels.get(case, 1))
    for case, channel in Reply.objects.values_list("case_id", "channel"):
        replies.setdefault(case, set()).add(channel)
    for event in Event.objects.filter(verb="taken").order_by("-at"):
        taken[event.subject_id] = event.at
    were_late = {cycle.case_id for cycle in Cycle.objects.all() if cycle.was_late}

    found = Counter(received=len(cases), counted=len(counted))
    times = {"responded": [], "arrived": [], "finished": []}
    tables = {name: Counter() for name in ("kind", "channel", "category", "department", "building", "reached")}
    heat, days, repeats = Counter(), Counter(), Counter()
    for case in counted:
        local = community.local(case.received_at)
        late = case.is_late(now) or case.pk in were_late
        decided = case.due_at is not None and bool(case.resolved_at or case.replied_at or late)
        group = "same_day" if case.policy and case.policy.count == "same_day" else "longer"
        found["decided"] += decided
        found["on_time"] += decided and not late
        found[f"{group}_decided"] += decided
        found[f"{group}_on_time"] += decided and not late
        judged = case.kind == "complaint" and case.validity != "undecided"
        found["judged"] += judged
        found["valid"] += judged and case.validity == "valid"
        found["reopened"] += case.cycle > 1
        spoken = case.channel in ("phone", "visit", "letter") and case.pk in replies
        found["in_kind_of"] += spoken
        found["in_kind"] += spoken and replies[case.pk] == {case.channel}
        responded = case.recorded_at if case.recorded_by_id else taken.get(case.pk)
        if responded and not case.is_imported:
            times["responded"].append(responded - case.received_at)
        for name, moment in (("arrived", case.arrived_at), ("finished", case.resolved_at)):
            if moment and moment >= case.received_at:
                times[name].append(moment - case.received_at)
        tables["kind"][case.kind] += 1
        tables["channel"][case.channel] += 1
        tables["category"][str(case.category_id)] += 1
        tables["department"][str(case.department_id)] += 1
        tables["building"][str(case.building_id or "-")] += 1
        tables["reached"][str(levels.get(case.pk, 1))] += 1
        heat[f"{local.weekday()}-{local.hour}"] += 1
        days[local.date().isoformat()] += 1
        if case.unit_id:
            repeats[(case.unit.label, case.category_id)] += 1
    for name, spans in times.items():
        found[name] = len(spans)
        found[f"{name}_seconds"] = round((sum(spans, timedelta()) / len(spans)).total_seconds()) if spans else None
    return {
        "totals": dict(found),
        "tables": {name: dict(rows) for name, rows in tables.items()},
        "heat": dict(heat),
        "days": dict(days),
        "repeats": sorted((n, *key) for key, n in repeats.items() if n > 1),
    }


def agrees(found, n, recounted):
    """Fail unless the found figures of the n-th period are what was counted case by case."""
    for name, number in found["totals"][n].items():
        expected = recounted["totals"].get(name, 0)
        if name.endswith("_seconds") and expected is not None:
            assert abs(number - expected) <= 1, name
        else:
            assert number == expected, name
    for name, rows in recounted["tables"].items():
        shown = {key: row["counted"][n] for key, row in found["tables"][name].items() if row["counted"][n]}
        if name not in found["more"]:
            assert shown == rows, name
            continue
        assert shown == {key: rows[key] for key in shown}, name
        assert len(found["tables"][name]) == figures.MOST_ROWS and len(rows) <= figures.MOST_ROWS + found["more"][name]
        if n == 0:
            assert sorted(shown.values()) == sorted(rows.values())[-figures.MOST_ROWS :], name
    if n == 0:
        assert found["heat"] == recounted["heat"]
        assert found["days"] == recounted["days"]


def recount_aftercare(community, period, now, *, but=()):
    """Return what return visits and ratings say of the cases of `period` and of those that it is compared with."""
    found = [_aftercare_of(community, other, now, but) for other in figures.compared(period)]
    return {section: {key: [one[section][key] for one in found] for key in found[0][section]} for section in found[0]}


def _aftercare_of(community, period, now, but):
    def is_asked(row):
        case, day = row.case, community.local(row.case.received_at).date()
        return case.community_id == community.pk and period.starts_on <= day < period.ends_on and case.pk not in but

    visits = [row for row in ReturnVisit.objects.select_related("case") if is_asked(row)]
    due = []
    for row in visits:
        was_overtaken = row.result == "not_made" and row.case.cycle > row.cycle
        is_over = bool(row.result) or (row.due_at is not None and row.due_at <= now)
        if row.reason != "by_hand" and is_over and not was_overtaken:
            due.append(row)
    made = [row for row in visits if row.result not in ("", "not_made")]
    grades = [row.grade for row in made if row.grade]
    stars = [row.overall for row in Rating.objects.select_related("case") if is_asked(row)]
    return {
        "visits": {
            "due": len(due) or None,
            "visited": _share([row for row in due if row in made], due),
            "reached": _share(grades, made),
            "satisfied": _share([grade for grade in grades if grade >= 4], grades),
        },
        "satisfaction": {
            "rated": len(stars) or None,
            "satisfied": _share([star for star in stars if star >= 4], stars),
            "score": round(sum(stars) / len(stars), 2) if stars else None,
        },
    }


def _share(some, rows):
    return round(len(some) / len(rows), 4) if rows else None
