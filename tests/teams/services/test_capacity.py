from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from core.errors import Invalid, NotAllowed, VersionConflict
from core.models import AuditEntry
from teams import queries, services
from teams.models import CapacityRule, PlannedHire, Presence
from teams.queries.capacity import ATTRITION, RAMP
from tests.factories.teams import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.5")]
JULY, AUGUST = date(2026, 7, 1), date(2026, 8, 1)


def test_a_unit_follows_the_unit_above_field_by_field_and_says_which(cast: Cast) -> None:
    services.set_capacity_rule(actor=cast.admin, unit=cast.company, version=0, attrition=0.2, recruiting_months=5)
    services.set_capacity_rule(actor=cast.lin, unit=cast.east, version=0, ramp=[0.5], note="Own cohorts")
    rule = queries.Rules().of(cast.east_one.pk)
    assert (rule.ramp, rule.attrition, rule.recruiting_months) == ((0.5,), 0.2, 5)
    assert (rule.origins["ramp"], rule.origins["attrition"]) == (cast.east.pk, cast.company.pk)
    assert rule.origins["survival"] is None
    west = queries.Rules().of(cast.west_one.pk)
    assert west.ramp == RAMP
    assert queries.Rules().of(None).attrition == ATTRITION


def test_a_manager_sets_the_rules_of_the_units_below_and_no_others(cast: Cast) -> None:
    services.set_capacity_rule(actor=cast.mori, unit=cast.east_one, version=0, attrition=0.1)
    for actor, unit in ((cast.mori, cast.east_two), (cast.mori, cast.company), (cast.rao, cast.east_one)):
        with pytest.raises(NotAllowed):
            services.set_capacity_rule(actor=actor, unit=unit, version=0, attrition=0.1)


def test_a_rule_that_somebody_changed_since_is_refused(cast: Cast) -> None:
    services.set_capacity_rule(actor=cast.lin, unit=cast.east, version=0, attrition=0.1)
    with pytest.raises(VersionConflict):
        services.set_capacity_rule(actor=cast.admin, unit=cast.east, version=0, attrition=0.3)
    assert CapacityRule.objects.get().attrition == 0.1


def test_every_change_is_on_record_with_what_it_was(cast: Cast) -> None:
    services.set_capacity_rule(actor=cast.lin, unit=cast.east, version=0, attrition=0.1)
    services.set_capacity_rule(actor=cast.admin, unit=cast.east, version=1, attrition=0.3)
    line = AuditEntry.objects.filter(event="teams.capacity.set").latest("pk")
    assert line.facts["changes"] == {"attrition": [0.1, 0.3]}
    assert line.actor_id == cast.admin.pk


@pytest.mark.parametrize("wrong", [{"ramp": []}, {"ramp": [1.2]}, {"attrition": 1.0}, {"survival": 0.0}])
def test_figures_that_cannot_be_are_refused(cast: Cast, wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        services.set_capacity_rule(actor=cast.admin, unit=cast.east, version=0, **wrong)
    assert [problem.field for problem in refused.value.problems] == list(wrong)
    assert not CapacityRule.objects.exists()


def test_nobody_sets_their_own_presence_and_those_above_do(cast: Cast) -> None:
    row = services.set_presence(actor=cast.mori, person=cast.rao, first_month=date(2026, 7, 14), share=0.5)
    assert row.first_month == JULY
    for actor, person in ((cast.rao, cast.rao), (cast.mori, cast.mori), (cast.sato, cast.rao)):
        with pytest.raises(NotAllowed):
            services.set_presence(actor=actor, person=person, first_month=JULY, share=1.0)
    with pytest.raises(VersionConflict):
        services.set_presence(actor=cast.mori, person=cast.rao, presence=row, version=7, first_month=JULY, share=1.0)
    with pytest.raises(Invalid):
        services.set_presence(actor=cast.mori, person=cast.rao, first_month=AUGUST, last_month=JULY, share=1.0)


def test_the_database_holds_whole_months_and_shares(cast: Cast) -> None:
    for first, share in ((date(2026, 7, 2), 0.5), (JULY, 1.5)):
        with pytest.raises(IntegrityError), transaction.atomic():
            Presence.objects.create(person=cast.rao, first_month=first, share=share)


def test_a_planned_hire_moves_only_between_units_in_reach(cast: Cast) -> None:
    hire = services.plan_hires(actor=cast.lin, unit=cast.east_one, start_month=date(2026, 7, 9), count=2)
    assert hire.start_month == JULY
    services.plan_hires(actor=cast.lin, unit=cast.east_two, start_month=JULY, count=1, hire=hire, version=1)
    for actor, unit in ((cast.lin, cast.west), (cast.sato, cast.west)):
        with pytest.raises(NotAllowed):
            services.plan_hires(actor=actor, unit=unit, start_month=JULY, count=1, hire=hire, version=2)
    assert list(PlannedHire.objects.values_list("unit", "count")) == [(cast.east_two.pk, 1)]
    assert [*PlannedHire.objects.visible_to(cast.sato)] == []
    assert [*PlannedHire.objects.visible_to(cast.diaz)] == [hire]
