from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from teams.models import Management, Membership, OrgUnit
from tests.factories.teams import Cast, make_person

pytestmark = pytest.mark.requirement("R7.4")


@pytest.mark.parametrize(("zone", "has_begun"), [("Pacific/Kiritimati", True), ("Etc/GMT+12", False)])
def test_a_place_begins_with_the_day_of_the_active_time_zone(cast: Cast, zone: str, has_begun: bool) -> None:
    today_in_the_far_east = datetime.now(ZoneInfo("Pacific/Kiritimati")).date()
    person = make_person("New", unit=cast.west_one, since=today_in_the_far_east)
    Management.objects.create(unit=cast.west_one, user=person, valid_from=today_in_the_far_east)
    with timezone.override(zone):
        assert Membership.objects.current().filter(user=person).exists() is has_begun
        assert bool(OrgUnit.objects.keys_above(member=person)) is has_begun
        assert bool(OrgUnit.objects.keys_below(managed_by=person)) is has_begun


def test_a_manager_reaches_what_is_below_and_nothing_beside(cast: Cast) -> None:
    assert set(cast.lin.units_in_reach) == {cast.east.pk, cast.east_one.pk, cast.east_two.pk}
    assert cast.rao.home_units == [cast.east_one.pk, cast.east.pk, cast.company.pk]


def test_a_post_that_has_ended_gives_no_reach(cast: Cast) -> None:
    yesterday = timezone.localdate() - timedelta(days=1)
    Management.objects.filter(user=cast.mori).update(valid_to=yesterday)
    assert OrgUnit.objects.keys_below(managed_by=cast.mori) == []
