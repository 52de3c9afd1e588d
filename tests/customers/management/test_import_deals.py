"""The command line's import: the shipped sample by the very command of its README, and the real files where they are."""

import os
import re
import shlex
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.utils import translation

from customers.models import Deal, ImportFile, Pipeline, ProductLine, StageEvent
from customers.queries.invariants import violations
from teams.models import Membership, OrgUnit, User
from tests.factories.customers import make_pipeline, make_product
from tests.factories.imports import DEALS
from tests.factories.teams import Cast

EXAMPLES = django_settings.BASE_DIR / "examples" / "hotel"
SHARED = Path(os.environ.get("SHARED_DATA", "../shared/data"))


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    """Another test's reader may have left another language behind."""
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def _own_media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


def run(*words: object) -> str:
    out = StringIO()
    call_command("import_deals", *map(str, words), stdout=out)
    return out.getvalue()


def shared(name: str) -> Path:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{path} is not here; the shipped sample covers the same paths.")
    return path


def readme_command() -> list[str]:
    line = re.search(r"manage\.py import_deals (.+)", (EXAMPLES / "README.md").read_text(encoding="utf-8"))
    assert line
    words = shlex.split(line[1])
    return [str(django_settings.BASE_DIR / words[0]), *words[1:]]


def test_the_command_of_the_readme_brings_the_sample_in_and_twice_is_once(cast: Cast) -> None:
    first = run(*readme_command())
    second = run(*readme_command())

    assert "2,015 deals created, 0 changed, 0 unchanged, 0 rows refused" in first
    assert "0 deals created, 0 changed, 2,015 unchanged" in second
    hotels = OrgUnit.objects.get(name="Hotels")
    newcomers = User.objects.filter(email__endswith="@imported.invalid")
    assert Membership.objects.filter(unit=hotels).count() == newcomers.count() > 50
    assert {"agent -1", "agent 1"} <= set(newcomers.values_list("name", flat=True))
    assert list(violations()) == []


def test_both_shapes_of_the_sample_tell_the_same_story(cast: Cast) -> None:
    run(*readme_command())
    run(EXAMPLES / "events.csv.gz", "--source", "events", "--pipeline", "Events", "--new-stages")

    def story(source: str) -> list[tuple[object, ...]]:
        lines = StageEvent.objects.filter(deal__source=source).order_by("deal__external_id", "seq")
        return list(lines.values_list("deal__external_id", "seq", "to_stage__kind", "amount", "occurred_at"))

    assert story("events") == story("hotel")
    assert list(violations()) == []


def test_a_dry_run_tells_everything_and_writes_nothing(cast: Cast) -> None:
    out = run(*readme_command(), "--dry-run")

    assert "2,015 new" in out
    assert "Nothing was written." in out
    assert not Deal.objects.exists()
    assert not ImportFile.objects.exists()
    assert not Pipeline.objects.exists()


def test_all_or_nothing_is_the_rule_unless_rows_are_asked_for(cast: Cast, tmp_path: Path) -> None:
    make_pipeline()
    path = tmp_path / "crm.csv"
    path.write_text(DEALS + "A4,Rao,GTX Basic,,Prospecting,,,\n", encoding="utf-8")

    with pytest.raises(CommandError, match="has problems"):
        run(path)
    assert not Deal.objects.exists()
    assert "3 deals created, 0 changed, 0 unchanged, 1 rows refused" in run(path, "--policy", "rows")
    assert "1 deals created" in run(path, "--policy", "all", "--blank-created", "first")


def test_columns_and_stages_can_be_said(cast: Cast, tmp_path: Path) -> None:
    make_pipeline()
    path = tmp_path / "other.csv"
    path.write_text("n,when,how\n1,2025-01-01,begun\n", encoding="utf-8")

    run(
        path,
        "--map",
        "external_id=n",
        "created=when",
        "stage=how",
        "--stage",
        "begun=Visited",
        "--owner",
        cast.rao.email,
    )

    deal = Deal.objects.get()
    assert (deal.stage.name, deal.owner) == ("Visited", cast.rao)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--pipeline", "None"], "There is no pipeline None"),
        (["--unit", "Nowhere"], "There is no unit Nowhere"),
        (["--map", "colour=x"], "no such field: colour"),
        (["--map", "title=x"], "The file has no such column"),
        (["--as", "nobody@test.example"], "Nobody has the address"),
        (["--owner", "nobody@test.example"], "nobody has the address"),
    ],
)
def test_what_cannot_be_done_is_said(cast: Cast, tmp_path: Path, words: list[str], why: str) -> None:
    make_pipeline()
    path = tmp_path / "crm.csv"
    path.write_text(DEALS, encoding="utf-8")

    with pytest.raises(CommandError, match=why):
        run(path, *words)
    assert not ImportFile.objects.exists()


def test_an_interrupted_import_is_gone_on_with(cast: Cast, tmp_path: Path) -> None:
    make_pipeline()
    path = tmp_path / "crm.csv"
    path.write_text(DEALS, encoding="utf-8")
    run(path)
    file = ImportFile.objects.get()
    ImportFile.objects.filter(pk=file.pk).update(state=ImportFile.State.RUNNING, next_line=3)

    assert "Going on with import" in run(path)
    assert ImportFile.objects.count() == 1


def test_a_real_crm_export_comes_in_with_its_blanks_and_spellings(cast: Cast) -> None:
    path = shared("crm/sales_pipeline.csv")
    make_pipeline()
    make_product("GTX Pro")

    out = run(path, "--policy", "rows")

    assert re.search(r"1,\d{3} rows say “GTXPro”; taken as “GTX Pro”\.", out)
    assert "500 rows have no day of creation and are refused" in out
    assert "8,300 deals created, 0 changed, 0 unchanged, 500 rows refused" in out
    assert not ProductLine.objects.filter(name="GTXPro").exists()
    assert Deal.objects.won().count() == 4238
    assert Deal.objects.lost().filter(amount__isnull=False).count() == 0
    assert Deal.objects.filter(customer__isnull=True).count() == 1088
    assert list(violations()) == []


@pytest.mark.crash
@pytest.mark.parametrize("name", ["deals", "events"])
def test_all_bookings_of_the_hotels_come_in(cast: Cast, name: str) -> None:
    out = run(shared(f"hotel/{name}.csv.gz"), "--source", "hotel", "--pipeline", "Hotel", "--new-stages")

    assert "94,698 deals created, 0 changed, 0 unchanged, 0 rows refused" in out
    assert StageEvent.objects.count() == 189_396
