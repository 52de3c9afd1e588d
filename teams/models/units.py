from datetime import date
from typing import Any, Self, TypeVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import (
    BigIntegerRangeField,
    DateRangeField,
    RangeOperators,
)
from django.db import connection, models
from django.db.models import F, Func, Q
from django.db.models.functions import Now, TruncDate
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from tree_queries.models import TreeNode
from tree_queries.query import TreeQuerySet

from .people import User

Row = TypeVar("Row", bound=models.Model)

# The days [valid_from, valid_to) as a range; an open end is today's state.
_DAYS = Func(F("valid_from"), F("valid_to"), function="daterange", output_field=DateRangeField())


def _same(key: str) -> Func:
    """
    Say "the same row" to an exclusion constraint.

    A gist index knows no integers without the btree_gist extension, which the embedded Postgres has not: a range of one
    integer says the same.
    """
    return Func(
        F(key),
        F(key),
        template="int8range(%(expressions)s, '[]')",
        output_field=BigIntegerRangeField(),
    )


class OrgUnitQuerySet(TreeQuerySet):
    def visible_to(self, user: User) -> Self:
        """Units whose figures the user may see: those they manage with all below; all for the company's own."""
        if not user.is_active:
            return self.none()
        if user.sees_everything:
            return self
        return self.filter(pk__in=user.units_in_reach)

    def known_to(self, user: User) -> Self:
        """Units whose *names* the user may see: the visible ones and their own chain up to the company."""
        if not user.is_active:
            return self.none()
        if user.sees_everything:
            return self
        return self.filter(pk__in=[*user.units_in_reach, *user.home_units])

    def keys_below(self, *, managed_by: User) -> list[int]:
        """Keys of the units managed today by a person, and of all units below them."""
        return _keys(
            """
            reach AS (
                SELECT unit_id AS id FROM teams_management, today
                WHERE user_id = %s AND valid_from <= today.day AND (valid_to IS NULL OR valid_to > today.day)
                UNION
                SELECT unit.id FROM teams_orgunit unit JOIN reach ON unit.parent_id = reach.id
            ) SELECT id FROM reach
            """,
            managed_by.pk,
        )

    def keys_above(self, *, member: User) -> list[int]:
        """Keys of the unit a person belongs to today, then of its ancestors up to the company."""
        return _keys(
            """
            chain AS (
                SELECT unit.id, unit.parent_id, 0 AS up FROM teams_orgunit unit
                JOIN teams_membership held ON held.unit_id = unit.id, today
                WHERE held.user_id = %s AND held.valid_from <= today.day
                  AND (held.valid_to IS NULL OR held.valid_to > today.day)
                UNION ALL
                SELECT unit.id, unit.parent_id, chain.up + 1 FROM teams_orgunit unit
                JOIN chain ON unit.id = chain.parent_id
            ) SELECT id FROM chain ORDER BY up
            """,
            member.pk,
        )


def _keys(sql: str, key: int) -> list[int]:
    """Run the rest of a recursive query; `today` is the day that `.current()` means: of the active time zone."""
    today = "WITH RECURSIVE today AS (SELECT (now() AT TIME ZONE %s)::date AS day), "
    with connection.cursor() as cursor:
        cursor.execute(today + sql, [str(timezone.get_current_timezone()), key])
        return [found for (found,) in cursor.fetchall()]


class OrgUnit(TreeNode):
    """A node of the organisation: the company, a region of it, a team."""

    class Kind(models.TextChoices):
        COMPANY = "company", _("Company")
        REGION = "region", _("Region")
        TEAM = "team", _("Team")

    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_demo = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)

    objects = OrgUnitQuerySet.as_manager(with_tree_fields=False)

    class Meta:
        ordering = ["position", "name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["parent", "name"], name="orgunit_name_once_below_a_parent"),
            models.CheckConstraint(
                condition=Q(kind="company", parent__isnull=True) | (~Q(kind="company") & Q(parent__isnull=False)),
                name="orgunit_company_is_the_root",
            ),
            models.UniqueConstraint(fields=["kind"], condition=Q(kind="company"), name="orgunit_one_company"),
            models.CheckConstraint(condition=~Q(parent=F("id")), name="orgunit_not_its_own_parent"),
        ]

    def __str__(self) -> str:
        return self.name


class EffectiveQuerySet(models.QuerySet[Row]):
    def current(self) -> Self:
        """Rows that hold today, by the database's clock."""
        return self.on(TruncDate(Now()))

    def on(self, day: Any) -> Self:
        """Rows that hold on a day (a date, or an expression of one)."""
        return self.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=day), valid_from__lte=day)

    def during(self, first: date, after: date) -> Self:
        """Rows that hold on at least one day of [first, after)."""
        return self.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=first), valid_from__lt=after)


class Membership(models.Model):
    """Which unit a person belongs to, from a day until before another; history is never overwritten."""

    user = models.ForeignKey(User, models.PROTECT, related_name="memberships")
    unit = models.ForeignKey(OrgUnit, models.PROTECT, related_name="memberships")
    valid_from = models.DateField(_("from"))
    valid_to = models.DateField(_("until"), null=True, blank=True)

    objects = EffectiveQuerySet["Membership"].as_manager()

    class Meta:
        ordering = ["user", "valid_from"]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")),
                name="membership_ends_after_it_begins",
            ),
            ExclusionConstraint(
                name="membership_one_unit_at_a_time",
                expressions=[
                    (_same("user"), RangeOperators.OVERLAPS),
                    (_DAYS, RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.unit_id} from {self.valid_from}"


class Management(models.Model):
    """Who answers for a unit, from a day until before another; one at a time."""

    user = models.ForeignKey(User, models.PROTECT, related_name="managements")
    unit = models.ForeignKey(OrgUnit, models.PROTECT, related_name="managements")
    valid_from = models.DateField(_("from"))
    valid_to = models.DateField(_("until"), null=True, blank=True)

    objects = EffectiveQuerySet["Management"].as_manager()

    class Meta:
        ordering = ["unit", "valid_from"]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")),
                name="management_ends_after_it_begins",
            ),
            ExclusionConstraint(
                name="management_one_manager_at_a_time",
                expressions=[
                    (_same("unit"), RangeOperators.OVERLAPS),
                    (_DAYS, RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} manages {self.unit_id} from {self.valid_from}"
