"""Parts of a page that depend on nothing but the language: drawn once for each, not once for each page."""

from django import template
from django.template.base import Node, TextNode
from django.template.defaulttags import URLNode
from django.template.library import SimpleNode
from django.templatetags.i18n import TranslateNode
from django.templatetags.static import StaticNode
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from servicedesk.core.templatetags.desk_tags import icon

register = template.Library()


@register.tag
def fixed(parser, token):
    """Return the node of `{% fixed %}…{% endfixed %}`, which may hold words, translations, drawings and addresses.

    Raises TemplateSyntaxError for anything that looks at the page: it would show one person what was drawn for another.
    """
    nodes = parser.parse(["endfixed"])
    parser.delete_first_token()
    for node in nodes:
        if not _is_fixed(node):
            raise template.TemplateSyntaxError(f"{node!r} has no place in a fixed part: it depends on the page.")
    return FixedNode(nodes)


class FixedNode(Node):
    """What was drawn, by language."""

    def __init__(self, nodelist):
        self.nodelist, self.drawn = nodelist, {}

    def render(self, context):
        language = get_language()
        if language not in self.drawn:
            self.drawn[language] = SafeString(self.nodelist.render(context))
        return self.drawn[language]


def _is_fixed(node):
    if isinstance(node, TextNode):
        return True
    if isinstance(node, TranslateNode):
        return node.asvar is None and node.filter_expression.var.lookups is None and not node.filter_expression.filters
    if isinstance(node, URLNode):
        return node.asvar is None and not node.view_name.is_var and not node.args and not node.kwargs
    if isinstance(node, StaticNode):
        return node.varname is None and not node.path.is_var
    if isinstance(node, SimpleNode):
        return node.func is icon and node.target_var is None and not any(name.is_var for name in node.args)
    return False
