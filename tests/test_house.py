"""The rules of the house as tests, each with samples that prove it bites."""

import ast
import inspect
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, get_resolver

from complaints.models import Case, Status

ROOT = Path(settings.BASE_DIR)
OURS = ["servicedesk", "residents", "complaints", "billing"]
PYTHON = sorted(path for app in OURS for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SCRIPTS = sorted((ROOT / "static").rglob("*.js"))


def relative(path):
    return str(path.relative_to(ROOT))


def offences(paths, pattern, *, allowed=()):
    """Return `file:line` for every line that matches `pattern`, outside the allowed files."""
    found = []
    for path in paths:
        if relative(path) in allowed:
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if re.search(pattern, line):
                found.append(f"{relative(path)}:{number}: {line.strip()}")
    return found


def bites(pattern, *samples):
    return all(re.search(pattern, sample) for sample in samples)


# Doors ----------------------------------------------------------------------------------------------------------------

WRITES = r"\.(save|create|update|delete|bulk_create|bulk_update|update_or_create|get_or_create)\("


def is_door(path):
    return path.parent.name in ("views", "templatetags", "commands", "forms") or path.name in (
        "views.py",
        "forms.py",
        "tasks.py",
        "reports.py",
        "context.py",
    )


def test_only_actions_write():
    assert bites(WRITES, "case.save()", "Case.objects.filter(pk=1).update(status='void')")
    doors = [path for path in PYTHON if is_door(path)]
    # `dict.update` and `set.update` take no keyword of a field; a door has no need of either.
    assert offences(doors, WRITES) == []


# What is no action and writes all the same, with the reason.
WRITERS = {
    "servicedesk/core/calendar.py": "the version of the calendar and the holidays of a year, called by actions",
    "servicedesk/core/events.py": "the history itself",
    "servicedesk/core/moves.py": "the status itself",
    "servicedesk/core/notifications.py": "the outbox itself",
    "servicedesk/core/photos.py": "the files themselves, and their rows in the transaction of an action",
    "servicedesk/core/spreadsheets.py": "a workbook, no row",
    "complaints/budget.py": "a counter in the cache, no row",
    "complaints/presence.py": "who looks at a page is no fact of a case: one upsert from a view, with no history",
}
ROW_WRITES = r"\.(save|create|delete|bulk_create|bulk_update|update_or_create|get_or_create)\(|\.update\(\w+="


def is_writer(path):
    return "actions" in relative(path) or path.parent.name in ("imports", "demo")


def test_nothing_else_writes_but_what_is_named_with_its_reason():
    assert bites(ROW_WRITES, "case.save()", "rows.update(seen_at=now)", "Presence.objects.update_or_create(case=case)")
    assert not re.search(ROW_WRITES, "found.update(words)")
    others = [path for path in PYTHON if not is_writer(path)]
    assert offences(others, ROW_WRITES, allowed=WRITERS) == []
    assert {line.split(":")[0] for line in offences(others, ROW_WRITES)} == set(WRITERS), "a reason that has gone"


def positional(source, names=("by", "now")):
    """Return the public functions of `source` that take one of `names` by its place, as "function(name)"."""
    return [
        f"{node.name}({argument.arg})"
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
        for argument in (*node.args.posonlyargs, *node.args.args)
        if argument.arg in names
    ]


def test_an_action_takes_its_actor_and_its_moment_by_name():
    assert positional("def take(case, by, *, now): ...\ndef _row(case, now): ...") == ["take(by)"]
    assert positional("def take(case, *, by, now): ...") == []
    actions = [path for path in PYTHON if path.stem == "actions" or path.parent.name == "actions"]
    assert len(actions) > 10
    # `take_from` is no verb of its own: a part of two, in the transaction and at the moment of these.
    parts = ["take_from(now)"]
    assert [found for path in actions for found in positional(path.read_text()) if found not in parts] == []


def views():
    """Return (name, view) of every address of ours, without the libraries' own."""
    found = []

    def walk(patterns, namespace):
        for pattern in patterns:
            if isinstance(pattern, URLPattern):
                callback = pattern.callback
                if inspect.unwrap(callback).__module__.split(".")[0] in OURS:
                    found.append((f"{namespace}{pattern.name}", callback))
            elif pattern.app_name != "admin":
                walk(pattern.url_patterns, f"{pattern.namespace}:" if pattern.namespace else namespace)

    walk(get_resolver().url_patterns, "")
    return found


def door_of(view):
    while view is not None:
        if hasattr(view, "door"):
            return view.door
        view = getattr(view, "__wrapped__", None)
    return None


def test_every_view_has_a_door():
    assert len(views()) > 40
    assert [name for name, view in views() if door_of(view) is None] == []
    assert door_of(lambda request: None) is None, "the check bites"


def test_every_public_view_gives_its_reason():
    for name, view in views():
        kind, reason = door_of(view)
        if kind == "public":
            assert len(reason) > 20, name


def test_every_view_says_which_methods_it_answers():
    quiet = [
        name
        for name, view in views()
        if "require_" not in _decorators(inspect.unwrap(view)) and "door_to" not in _decorators(inspect.unwrap(view))
    ]
    assert quiet == []


def _decorators(function):
    source = inspect.getsource(function)
    return source[: source.index("def ")]


def test_every_address_has_a_name():
    assert [name for name, _view in views() if name.endswith("None")] == []


# Models and the database ----------------------------------------------------------------------------------------------


def our_models():
    return [model for model in apps.get_models() if model.__module__.split(".")[0] in OURS]


def test_no_model_overrides_save_or_delete():
    assert [m.__name__ for m in our_models() if {"save", "delete"} & set(vars(m))] == []


def test_there_are_no_signals():
    pattern = r"django\.(db\.models|dispatch|core)\.?(signals)?.* import .*(receiver|post_save|pre_save|Signal)"
    assert bites(pattern, "from django.db.models.signals import post_save", "from django.dispatch import receiver")
    assert offences(PYTHON, pattern) == []


def test_every_row_of_a_community_says_which():
    without = {
        "Section",
        "Occupancy",
        "HandoverItem",
        "Document",
        "Agreement",
        "Cycle",
        "Pause",
        "Escalation",
        "Reply",
        "Proposal",
        "Quote",
        "Work",
        "MaterialUse",
        "ReleaseItem",
        "Concern",
        "CallerTold",
        "IncidentPlace",
        "Presence",
        "User",
        "Community",
        "ImportAdded",
        "DemandLine",
        "LedgerLine",
        "RunTariff",
        "TariffTier",
    }
    for model in our_models():
        if model.__name__ not in without:
            assert any(f.name == "community" for f in model._meta.fields), model.__name__


def test_nothing_with_history_is_deleted_by_cascade():
    passing = {"Presence"}
    for model in our_models():
        for field in model._meta.fields:
            if field.is_relation and field.model.__module__.split(".")[0] in OURS and model.__name__ not in passing:
                assert field.remote_field.on_delete.__name__ == "PROTECT", f"{model.__name__}.{field.name}"


MOVES = """
received -> taken void merged
taken -> verified handed in_hand resolved void merged
verified -> proposed taken void merged
proposed -> approved declined verified void
approved -> handed in_hand void
handed -> in_hand taken resolved void
in_hand -> waiting handed taken resolved void merged
waiting -> in_hand resolved void
declined -> replied
resolved -> replied in_hand
replied -> archived taken
archived -> taken
void ->
merged ->
"""


def test_the_moves_of_a_case_are_those_of_the_table():
    table = {}
    for line in MOVES.strip().splitlines():
        was, _arrow, to = line.partition("->")
        table[was.strip()] = set(to.split())
    assert {str(was): {str(to) for to in moves} for was, moves in Case.MOVES.items()} == table
    assert set(table) == set(Status.values)


def test_migrations_import_none_of_our_code_and_are_sentences():
    for app in OURS:
        for path in (ROOT / app).rglob("migrations/[0-9]*.py"):
            names = [
                node.module if isinstance(node, ast.ImportFrom) else alias.name
                for node in ast.walk(ast.parse(path.read_text()))
                if isinstance(node, ast.Import | ast.ImportFrom)
                for alias in node.names
            ]
            assert not [name for name in names if (name or "").split(".")[0] in OURS], path
            assert "auto" not in path.stem, path


def test_status_is_written_by_move_alone():
    pattern = r"(\.status = |update\([^)]*status=|[({ ]\"status\":)"
    assert bites(pattern, "case.status = Status.VOID", "rows.update(status=Status.VOID)")
    actions = [path for path in PYTHON if "actions" in relative(path)]
    # At receipt the row does not exist yet; it is born with its status.
    assert offences(actions, pattern, allowed=("complaints/actions/receiving.py",)) == []


WRITING = {"update", "write", "create", "get_or_create", "update_or_create", "bulk_update", "save"}


def status_writes(source):
    """Return the lines of `source` that write a status, whatever lines the call is spread over."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Attribute) and target.attr == "status" for target in targets):
                found.append(node.lineno)
        elif isinstance(node, ast.Call) and _writes_status(node):
            found.append(node.lineno)
    return sorted(found)


def _writes_status(call):
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    words = [part for part in ast.walk(call) if isinstance(part, ast.Constant) and part.value == "status"]
    if name == "setattr":
        return bool(words)
    if name not in WRITING:
        return False
    # By keyword, or by name: `update_fields=["status"]`, `**{"status": …}`, `defaults={"status": …}`.
    return any(word.arg == "status" for word in call.keywords) or bool(words)


@pytest.mark.parametrize(
    "sample",
    [
        "case.status = Status.VOID",
        "rows.update(status=Status.VOID)",
        "rows.update(\n    version=1,\n    status=Status.VOID,\n)",
        "write(case, status=Status.VOID)",
        'write(case, **{"status": to})',
        'setattr(case, "status", to)',
        'case.save(update_fields=["status"])',
        'Case.objects.update_or_create(pk=1, defaults={"status": to})',
    ],
)
def test_the_rule_of_the_status_bites(sample):
    assert status_writes(sample) == [1]


def test_a_status_is_written_by_move_and_move_many_and_once_at_birth():
    assert status_writes("rows.filter(status=was)\nmove(case, Status.VOID, by=by)\nwrite(case, level=2)") == []
    # A case is born with its status; what is imported was born elsewhere.
    born = {"complaints/actions/receiving.py": 1}
    allowed = ("servicedesk/core/moves.py",)
    paths = [path for path in PYTHON if path.parent.name != "imports" and relative(path) not in allowed]
    found = {relative(path): len(lines) for path in paths if (lines := status_writes(path.read_text()))}
    assert found == born


# Who lives where ------------------------------------------------------------------------------------------------------

# Rows that were voided or united stay in the table: who asks for homes says which count, or means one by its key.
ANY_HOME = r"""Occupancy\.objects\s*\.(?!in_force\(|on\(|none\(|filter\(pk)|occupancies__(?!in=)\w"""
ANY_HOME_READERS = {
    "complaints/subjects.py": "a copy of somebody's data has what was entered by mistake as well",
    "complaints/retention.py": "who is named by any row as the company of somebody is not forgotten",
    "residents/actions/merging.py": "what was united before follows to the row that stays",
}


def test_a_home_that_counts_no_more_is_no_home():
    samples = ["Occupancy.objects.filter(unit=unit)", "Occupancy.objects\n  .all()", "Q(occupancies__unit=unit)"]
    assert bites(ANY_HOME, *samples)
    assert not re.search(ANY_HOME, "Occupancy.objects.on(day); units.filter(occupancies__in=living)")
    found = {relative(path) for path in PYTHON if re.search(ANY_HOME, path.read_text())}
    assert found == set(ANY_HOME_READERS)


# Time and money -------------------------------------------------------------------------------------------------------


def test_there_is_one_clock():
    pattern = r"(timezone\.now\(|datetime\.now\(|datetime\.today\(|date\.today\(|utcnow\(|Now\(\))"
    assert bites(pattern, "timezone.now()", "datetime.date.today()")
    assert offences(PYTHON, pattern, allowed=("servicedesk/core/clock.py",)) == []


# What a page may hold -------------------------------------------------------------------------------------------------

BANNED = {
    r"mark_safe|format_html_join\(f|\|\s*safe\b|autoescape off": ("mark_safe(x)", "{{ x|safe }}"),
    r"csrf_exempt": ("@csrf_exempt",),
    r"\.raw\(|\.extra\(|RawSQL": ("Case.objects.raw('…')",),
    r"fields\s*=\s*[\"']__all__|^\s*exclude\s*=": ('fields = "__all__"',),
    r"\*\*(request\.(GET|POST)|params|query)\b": ("rows.filter(**request.GET)",),
}
BANNED_IN_PAGES = {
    r"<script(?![^>]*\bsrc=)": ("<script>alert(1)</script>",),
    r"\sstyle=|<style": ('<p style="color:red">',),
    r"\son[a-z]+=\"|hx-on|hx-vals='js|javascript:": ('<p onclick="x()">',),
    r"(src|href)=\"https?://": ('<script src="https://cdn.example/x.js">',),
    r"eval\(|innerHTML\s*=\s*[^\"'`]*\+": ("eval(x)",),
}
# SVG is drawn by our own code from numbers alone.
DRAWN = ("servicedesk/core/templatetags/desk_tags.py",)


@pytest.mark.parametrize("pattern", BANNED)
def test_what_opens_a_hole_is_not_written(pattern):
    assert bites(pattern, *BANNED[pattern])
    assert offences([*PYTHON, *TEMPLATES, *SCRIPTS], pattern, allowed=DRAWN) == []


@pytest.mark.parametrize("pattern", BANNED_IN_PAGES)
def test_what_the_content_policy_forbids_is_not_in_a_page(pattern):
    assert bites(pattern, *BANNED_IN_PAGES[pattern])
    assert offences([*TEMPLATES, *SCRIPTS], pattern) == []


def test_no_query_is_made_in_a_template():
    pattern = r"(_set|objects)\.(all|filter|count)|\.(cases|events|memberships|occupancies)\.(all|count)"
    assert bites(pattern, "{% for c in unit.cases.all %}")
    assert offences(TEMPLATES, pattern) == []


def test_every_word_of_a_template_can_be_translated():
    found = []
    for path in TEMPLATES:
        for text in untranslated(path.read_text()):
            found.append(f"{relative(path)}: {text}")
    assert found == []
    assert untranslated('<p>Hello {% translate "there" %}</p>') == ["Hello"]


def untranslated(source):
    """Return the words of a template outside of translation tags; languages are called by their own names."""
    source = re.sub(r"{% comment.*?endcomment %}|{#.*?#}|<!--.*?-->", "", source, flags=re.S)
    source = re.sub(r"{% block (body_class|body_attrs|sheet|back_url) %}.*?{% endblock %}", "", source, flags=re.S)
    source = re.sub(r"{% blocktranslate.*?endblocktranslate %}", "", source, flags=re.S)
    source = re.sub(r"<(script|style|svg|code|kbd)\b.*?</\1>", "", source, flags=re.S)
    source = re.sub(r"{[%{].*?[%}]}", "", source, flags=re.S)
    source = re.sub(r"<[^>]*>", "\n", source, flags=re.S)
    texts = (text.strip() for text in source.splitlines())
    return [
        text for text in texts if re.search(r"[A-Za-z]{3,}|[\u4e00-\u9fff]", text) and text not in ("中文", "English")
    ]


def test_scripts_have_no_words_of_their_own():
    pattern = r"[\u4e00-\u9fff]"
    assert offences(SCRIPTS, pattern) == []


def test_the_admin_never_edits_what_actions_write():
    editable = {"User", "Community"}
    for model, options in admin.site._registry.items():
        if model in our_models() and model.__name__ not in editable:
            assert not options.has_change_permission(None), model.__name__
        if model in our_models():
            assert not options.has_delete_permission(None), model.__name__


# The project speaks of itself alone -----------------------------------------------------------------------------------


def test_no_path_of_a_machine_and_no_package_index_is_named():
    pattern = r"(/home/\w+/|/root/|/Users/\w+/|--(extra-)?index-url|https?://\S+/simple\b)"
    # In pieces, so that this file names none either.
    assert bites(
        pattern, "/".join(["", "home", "me", "desk"]), "--index" + "-url", "/".join(["https:", "", "x", "simple"])
    )
    files = [*PYTHON, *TEMPLATES, *SCRIPTS, *(ROOT / "requirements").iterdir(), *(ROOT / "docs").rglob("*.md")]
    assert offences(files, pattern) == []
