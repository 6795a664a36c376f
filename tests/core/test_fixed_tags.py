"""Parts of a page that are drawn once for each language."""

import pytest
from django.template import Context, Template, TemplateSyntaxError
from django.urls import reverse
from django.utils import translation

LOAD = "{% load i18n static desk_tags fixed_tags %}"


def test_a_fixed_part_reads_in_the_language_of_the_page():
    template = Template(LOAD + '{% fixed %}<p>{% translate "Save" %}</p>{% endfixed %}')
    with translation.override("en"):
        assert template.render(Context()) == "<p>Save</p>"
    with translation.override("zh-hans"):
        assert template.render(Context()) == f"<p>{translation.gettext('Save')}</p>"
    with translation.override("en"):
        assert template.render(Context()) == "<p>Save</p>"


def test_a_fixed_part_may_hold_drawings_and_addresses():
    template = Template(LOAD + '{% fixed %}{% icon "check" %}<a href="{% url "core:inbox" %}">{% endfixed %}')
    assert template.render(Context()).endswith(f'</svg><a href="{reverse("core:inbox")}">')


@pytest.mark.parametrize(
    "looks",
    [
        "{{ user }}",
        "{% if user %}x{% endif %}",
        "{% csrf_token %}",
        "{% translate word %}",
        '{% url "complaints:case" number %}',
        '{% translate "Save" as word %}',
        "{% when moment %}",
        '{% include "components/bar.html" %}',
        "{% icon name %}",
    ],
)
def test_what_looks_at_the_page_has_no_place_in_a_fixed_part(looks):
    with pytest.raises(TemplateSyntaxError):
        Template(f"{LOAD}{{% fixed %}}{looks}{{% endfixed %}}")
