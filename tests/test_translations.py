"""Every string has its Chinese, and the tool that says so can fail."""

from pathlib import Path

import pytest
from django.conf import settings
from django.template import Context, Template
from django.test import override_settings
from django.utils import translation

from config import catalogues

TEMPLATE = """{# fragment · needs: n #}
  {% translate "Deals" %} {% translate "May" context "month" %} {{ _("Open")|upper }}
    {% blocktranslate count n=n trimmed %}
      {{ n }} deal's late
    {% plural %}
      {{ n }} deals are late
    {% endblocktranslate %}
 {% blocktranslate with share=s %}{{ share }} is 100% of it{% endblocktranslate %}
<p class="it's odd">"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one app's string in Python and a template of a folder that no app owns."""
    for app in (*catalogues.APPS, "config"):
        (tmp_path / app).mkdir()
    (tmp_path / "customers" / "errors.py").write_text('from x import gettext as _\nTEXT = _("Lost %(count)d deals")\n')
    (tmp_path / "templates" / "components").mkdir(parents=True)
    (tmp_path / "templates" / "components" / "_card.html").write_text(TEMPLATE)
    return tmp_path


def write_all(root: Path) -> None:
    for app in catalogues.APPS:
        catalogues.write(catalogues.merged(root, app))


def translate(root: Path, app: str, source: str, target: str) -> None:
    path = catalogues.po_path(root, app)
    text = path.read_text()
    assert f'msgid "{source}"\nmsgstr ""' in text
    path.write_text(text.replace(f'msgid "{source}"\nmsgstr ""', f'msgid "{source}"\nmsgstr "{target}"'))


def test_every_string_of_the_product_has_its_chinese() -> None:
    assert catalogues.problems(settings.BASE_DIR) == []


def test_strings_are_found_in_python_and_in_every_form_of_the_template_tags(project: Path) -> None:
    core = catalogues.merged(project, "core")
    assert sorted(core.added) == [
        "%(n)s deal's late",
        "%(share)s is 100%% of it",
        "Deals",
        "May [month]",
        "Open",
    ]
    assert catalogues.merged(project, "customers").added == ("Lost %(count)d deals",)


def test_a_merge_keeps_translations_drops_what_is_gone_and_is_stable(project: Path) -> None:
    write_all(project)
    translate(project, "customers", "Lost %(count)d deals", "丢单 %(count)d 个")
    source = project / "customers" / "errors.py"
    source.write_text(source.read_text() + 'MORE = _("Won")\n')
    write_all(project)
    text = catalogues.po_path(project, "customers").read_text()
    assert "丢单 %(count)d 个" in text
    assert 'msgid "Won"\nmsgstr ""' in text
    source.write_text('from x import gettext as _\nMORE = _("Won")\n')
    outcome = catalogues.merged(project, "customers")
    assert outcome.removed == ("Lost %(count)d deals",)
    catalogues.write(outcome)
    assert catalogues.merged(project, "customers").text == outcome.text


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda text: text, "customers: empty: Lost %(count)d deals"),
        (lambda text: text.replace('deals"\nmsgstr ""', 'deals"\nmsgstr "丢单"'), "placeholders [] instead of"),
        (lambda text: text.replace('deals"\nmsgstr ""', 'deals"\nmsgstr "丢单,%(count)d 个"'), "half width"),
        (lambda text: text.replace("#, python-format", "#, fuzzy, python-format"), "fuzzy"),
        (lambda text: text + '\nmsgid "Gone"\nmsgstr "没了"\n', "customers: obsolete: Gone"),
        (lambda text: text.replace('msgid "Lost', 'msgid "Found'), "customers: missing: Lost %(count)d deals"),
    ],
)
def test_the_check_names_what_is_wrong(project: Path, spoil: object, complaint: str) -> None:
    write_all(project)
    path = catalogues.po_path(project, "customers")
    path.write_text(spoil(path.read_text()))  # type: ignore[operator]
    assert any(complaint in problem for problem in catalogues.problems(project)), catalogues.problems(project)


def test_two_apps_may_not_translate_the_same_string_differently(project: Path) -> None:
    (project / "core" / "words.py").write_text('from x import gettext as _\nTEXT = _("Lost %(count)d deals")\n')
    write_all(project)
    translate(project, "customers", "Lost %(count)d deals", "丢单 %(count)d 个")
    translate(project, "core", "Lost %(count)d deals", "丢失 %(count)d 个")
    assert "customers: translated differently in core: Lost %(count)d deals" in catalogues.problems(project)


def test_what_is_compiled_is_what_the_template_asks_for(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_all(project)
    translate(project, "core", "%(share)s is 100%% of it", "%(share)s 是全部的 100%%")
    assert catalogues.compile_all(project)
    assert catalogues.compile_all(project) == []
    monkeypatch.setattr(translation.trans_real, "_translations", {})  # type: ignore[attr-defined]
    own = override_settings(LOCALE_PATHS=[str(project / "core" / "locale")])
    with own, translation.override("zh-hans"):
        page = Template(TEMPLATE).render(Context({"n": 1, "s": "7"}))
    assert "7 是全部的 100%" in page
