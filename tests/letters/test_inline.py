import re

import pytest
from jinja2 import TemplateSyntaxError

from maildesk.letters.inline import inline

CSS = ".a { color: red; } .cell { padding: 1px; }"


@pytest.mark.parametrize(
    "source",
    [
        '<p class="a">{{ x }}</p>',
        '<table><tbody>{% for x in y %}<tr><td class="cell">{{ x }}</td></tr>{% endfor %}</tbody></table>',
        '<a class="a" href="{{ x }}" title="{% if y < 3 %}{{ z }}{% endif %}">{{ q }}</a>',
        '{% extends "x" %}\n{% block b %}\n<p class="a">{% if a > b and c < d %}x{% endif %}</p>\n{% endblock %}',
        "{# a <comment> #}<p class='a'>{{ '<b>' }} {% set x = \"<\" %}{{ x }}</p>",
    ],
)
def test_what_jinja_reads_stays_as_it_was_and_elements_get_their_style(source):
    styled = inline(source, CSS)
    tags = re.compile(r"\{[%{#].*?[%}#]\}", re.DOTALL)
    assert sorted(tags.findall(styled)) == sorted(tags.findall(source))  # css-inline sorts attributes
    assert "style=" in styled
    assert "\ue000" not in styled


def test_a_block_between_attributes_is_refused_with_its_line():
    with pytest.raises(TemplateSyntaxError, match="between attributes") as raised:
        inline('<p class="a">\n<a class="a" {% if y < 3 %}title="x"{% endif %}>q</a>', CSS)
    assert raised.value.lineno == 2


def test_a_loop_stays_inside_its_table():
    styled = inline("<table><tbody>{% for x in y %}<tr><td class='cell'>1</td></tr>{% endfor %}</tbody></table>", CSS)
    assert (
        styled.index("<tbody>")
        < styled.index("{% for")
        < styled.index("<tr>")
        < styled.index("{% endfor")
        < styled.index("</tbody>")
    )


def test_rules_for_the_dark_stay_in_their_sheet():
    sheet = "<style>@media (prefers-color-scheme: dark) { .a { color: blue !important; } }</style>"
    page = f"<html><head>{sheet}</head><body class='a'>x</body></html>"
    styled = inline(page, CSS)
    assert "prefers-color-scheme: dark" in styled
    assert 'style="color: red;"' in styled
