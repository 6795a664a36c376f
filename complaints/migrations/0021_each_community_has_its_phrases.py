import json
from pathlib import Path

from django.db import migrations


def fill(apps, schema_editor):
    """Give every community that is there already what a new one is given; lists that have rows stay as they are."""
    using = schema_editor.connection.alias
    phrase, taboo, letter = (apps.get_model("complaints", name) for name in ("Phrase", "Taboo", "LetterTemplate"))
    defaults = json.loads((Path(__file__).parents[1] / "defaults" / "courtesy.json").read_text())
    rows = {
        phrase: [
            {"place": place, "code": code, "text": text, "text_en": text_en}
            for place, (code, text, text_en) in enumerate(defaults["phrases"], start=1)
        ],
        taboo: [
            {"place": place, "text": text, "kin": kin, "suggestion": suggestion}
            for place, (text, kin, suggestion) in enumerate(defaults["taboos"], start=1)
        ],
        letter: [defaults["letter"]],
    }
    for community in apps.get_model("core", "Community").objects.using(using):
        for model, given in rows.items():
            if not model.objects.using(using).filter(community=community).exists():
                model.objects.using(using).bulk_create(model(community=community, **facts) for facts in given)


class Migration(migrations.Migration):
    dependencies = [("complaints", "0020_the_polite_desk")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
