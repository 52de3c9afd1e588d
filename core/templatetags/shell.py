"""What the page frame needs from the template language."""

from django import template
from django.template.base import NodeList, Parser, Token
from django.template.context import Context
from django.utils.safestring import mark_safe

register = template.Library()


class CaptureNode(template.Node):
    def __init__(self, name: str, nodelist: NodeList) -> None:
        self.name = name
        self.nodelist = nodelist

    def render(self, context: Context) -> str:
        context[self.name] = mark_safe(self.nodelist.render(context).strip())  # noqa: S308  # rendered, so escaped
        return ""


@register.tag
def capture(parser: Parser, token: Token) -> CaptureNode:
    """
    Keep what a block renders under a name: `{% capture page_title %}{% block title %}{% endblock %}{% endcapture %}`.

    A page writes its title once; the frame shows it in the browser's tab and as the heading.
    """
    _, name = token.split_contents()
    nodelist = parser.parse(("endcapture",))
    parser.delete_first_token()
    return CaptureNode(name, nodelist)
