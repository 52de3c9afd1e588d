from datetime import date
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from core.periods import add_months, month_start
from planning.models import PastForecast
from tests.factories.history import make_history
from tests.factories.teams import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.8")]


@pytest.fixture
def sold(cast: Cast) -> Cast:
    today = timezone.localdate()
    make_history(cast.rao, first=add_months(month_start(today), -9), last=today, deals=30)
    return cast


def _said(*arguments: str) -> str:
    out = StringIO()
    call_command("backtest", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_judges_the_past_months_prints_the_scores_and_keeps_them_for_the_page(sold: Cast) -> None:
    said = _said("--months", "2")

    assert "Company · months" in said
    assert "run rate" in said
    assert "chance of a deal, won within three months: n " in said
    assert "the forecast is not judged yet" in said
    assert PastForecast.objects.current().filter(unit=sold.company, kind="month", days_to_go=30).count() == 2


def test_the_scores_of_a_unit_are_printed_by_its_name(sold: Cast) -> None:
    assert "East one · months" in _said("--months", "1", "--unit", "east one")
    with pytest.raises(CommandError, match="There is no unit Atlantis"):
        _said("--unit", "Atlantis")


def test_a_year_of_which_no_month_is_over_has_nothing_to_judge(sold: Cast) -> None:
    with pytest.raises(CommandError, match="nothing to judge"):
        _said("--year", str(date.today().year + 1))  # noqa: DTZ011  # the year after this one, whatever the time zone


def test_a_company_without_history_says_so(cast: Cast) -> None:
    assert "nothing to judge" in _said("--months", "2")
