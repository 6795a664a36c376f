from django.db import migrations

# Rows that never change, or never again once they are decided, let one change through: words give way to the sentence
# that stands for an erased person's data. A name in a list is a column in which such words stand.
ERASED = "个人信息已删除 (personal data erased)"
ALWAYS = {
    "complaints_reply": ["text", "person_told"],
    "complaints_callertold": ["reason"],
    "complaints_explanation": ["text"],
}
ONCE = {
    "complaints_proposal": ("decided_once", "decision", ["text", "answer", "note"]),
    "complaints_quote": ("answered_once", "answer", ["text", "answered_by"]),
}
FUNCTIONS = f"""
CREATE FUNCTION refuse_all_but_erasing() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before jsonb := to_jsonb(OLD);
    after jsonb := to_jsonb(NEW);
    words text;
BEGIN
    FOREACH words IN ARRAY TG_ARGV LOOP
        IF after ->> words = '{ERASED}' THEN
            before := before - words;
            after := after - words;
        END IF;
    END LOOP;
    IF OLD IS NOT DISTINCT FROM NEW OR before IS DISTINCT FROM after THEN
        RAISE EXCEPTION '% only grows: UPDATE is refused', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION refuse_all_but_erasing_answers() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was complaints_surveyanswer := OLD;
BEGIN
    was.answers := (
        SELECT coalesce(jsonb_agg(CASE jsonb_typeof(given.answer) WHEN 'string' THEN 'null' ELSE given.answer END
                                  ORDER BY given.place), '[]')
        FROM jsonb_array_elements(OLD.answers) WITH ORDINALITY AS given (answer, place)
    );
    IF OLD IS NOT DISTINCT FROM NEW OR was IS DISTINCT FROM NEW THEN
        RAISE EXCEPTION 'complaints_surveyanswer only grows: UPDATE is refused'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
"""


def trigger(table, name, function, when=""):
    return f"CREATE TRIGGER {table}_{name} BEFORE UPDATE ON {table} FOR EACH ROW {when} EXECUTE FUNCTION {function};"


def replace(table, name, function, when=""):
    return f"DROP TRIGGER {table}_{name} ON {table};\n{trigger(table, name, function, when)}"


def arguments(columns):
    return "refuse_all_but_erasing({})".format(", ".join(f"'{column}'" for column in columns))


def forward():
    yield FUNCTIONS
    for table, columns in ALWAYS.items():
        yield replace(table, "no_update", arguments(columns))
    for table, (name, decided, columns) in ONCE.items():
        yield replace(table, name, arguments(columns), f"WHEN (OLD.{decided} <> '')")
    yield replace("complaints_surveyanswer", "no_update", "refuse_all_but_erasing_answers()")
    for verb, level in (("delete", "ROW"), ("truncate", "STATEMENT")):
        yield (
            f"CREATE TRIGGER complaints_datarequest_no_{verb} BEFORE {verb.upper()} ON complaints_datarequest"
            f" FOR EACH {level} EXECUTE FUNCTION refuse_change();"
        )


def backward():
    for table in [*ALWAYS, "complaints_surveyanswer"]:
        yield replace(table, "no_update", "refuse_change()")
    for table, (name, decided, _columns) in ONCE.items():
        yield replace(table, name, "refuse_change()", f"WHEN (OLD.{decided} <> '')")
    yield from (
        f"DROP TRIGGER complaints_datarequest_no_{verb} ON complaints_datarequest;" for verb in ("delete", "truncate")
    )
    yield "DROP FUNCTION refuse_all_but_erasing();\nDROP FUNCTION refuse_all_but_erasing_answers();"


class Migration(migrations.Migration):
    dependencies = [("complaints", "0070_data_is_kept_sealed_and_erased")]
    operations = [migrations.RunSQL("\n".join(forward()), "\n".join(backward()))]
