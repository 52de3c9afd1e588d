from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.utils import timezone
from django_filters import CharFilter, ChoiceFilter, FilterSet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from core.access import require
from core.api.filters import WholeNumberFilter
from core.api.viewsets import Retrieves, SignedIn
from customers.models import Tier
from planning import policies, services
from planning.ladders import Keep
from planning.models import REVENUE, Metric, Target
from planning.queries import base_of, ladder_sheet
from planning.queries.other_targets import LINKED
from planning.queries.smart import smart_target
from planning.queries.spreading import proposal
from planning.queries.target_chances import target_chances
from planning.serializers import (
    CascadeIn,
    ClearIn,
    GrowthIn,
    LadderIn,
    LadderOut,
    LevelsIn,
    LinksIn,
    LinksOut,
    LockIn,
    MetricOut,
    ProposalOut,
    SmartOut,
    SomeMonthsIn,
    SplitIn,
    TargetChanceOut,
    TargetIn,
    TargetOut,
)
from teams.models import Company


class TargetFilters(FilterSet):
    version = WholeNumberFilter(field_name="version_id")
    unit = WholeNumberFilter(field_name="unit_id")
    person = WholeNumberFilter(field_name="person_id")
    metric = CharFilter(method="asking_for", max_length=40, help_text="revenue, or the code of another metric")
    product = WholeNumberFilter(field_name="product_id")
    region = WholeNumberFilter(field_name="region_id")
    tier = ChoiceFilter(choices=Tier.choices)
    rows = ChoiceFilter(
        method="of_kind",
        choices=[(kind, kind) for kind in ("plain", "other", "all")],
        help_text="plain: revenue of all sales, the grid; other: the rest. Without a metric or dimension, plain is meant.",
    )

    class Meta:
        model = Target
        fields: list[str] = []

    def filter_queryset(self, queryset: QuerySet[Target]) -> QuerySet[Target]:
        """Answer with the plain rows unless the caller asks for others: whoever adds up a list adds up one thing."""
        found: Any = super().filter_queryset(queryset)
        asked = self.form.cleaned_data
        narrowed = any(asked.get(name) for name in ("metric", "product", "region", "tier", "rows"))
        return found if narrowed else found.plain()

    def asking_for(self, targets: QuerySet[Target], _name: str, code: str) -> QuerySet[Target]:
        return targets.filter(metric=None if code == REVENUE else code)

    def of_kind(self, targets: Any, _name: str, kind: str) -> QuerySet[Target]:
        found: QuerySet[Target] = (
            targets.plain() if kind == "plain" else targets.other() if kind == "other" else targets
        )
        return found


class TargetViewSet(Retrieves, ListModelMixin, GenericViewSet[Target]):
    """
    Targets of units and people: of revenue, of another metric, or of a part of the sales.

    A POST sets the twelve months of one row of a draft, whether it is there or not. Nobody sets their own target, and a version
    in force is not changed: revise the plan.
    """

    scope_read = "targets:read"
    scope_write = "targets:write"
    serializer_class = TargetOut
    filterset_class = TargetFilters
    queryset = Target.objects.none()
    versioned = True
    unversioned_actions = ("link",)
    http_method_names = ["get", "head", "options", "post", "delete"]

    def get_queryset(self) -> QuerySet[Target]:
        rows = Target.objects.visible_to(self.user).order_by("version", "pk")
        return rows if self.action == "list" else rows.select_related("version__plan__fiscal_year", "unit", "person")

    @extend_schema(request=TargetIn, responses=TargetOut)
    def create(self, request: Request) -> Response:
        """Set the twelve months of a target. `lock_version` 0 makes a new row; a stale one gets 412 with both values."""
        return self.answer(services.set_target(actor=self.user, **self.valid(TargetIn)), TargetOut)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Take a target of another metric, or of a part of the sales, out of a draft. A plain one stays: set its amounts."""
        target = self.get_object()
        require(policies.can_set_target(self.user, target.version, unit=target.unit, person=target.person))
        seen = self.expected_version(target)
        services.remove_target(target=target, actor=self.user, lock_version=seen)
        return Response(status=204)

    @extend_schema(request=CascadeIn, responses=ProposalOut)
    @action(detail=False, methods=["post"])
    def cascade(self, request: Request) -> Response:
        """
        Spread a unit's target over those below, or with `preview` say what that would do.

        To carry it out, send back the `seen` of every row of the preview; rows changed since get 412 with their names.
        """
        given = self.valid(CascadeIn)
        given["as_of"] = timezone.localdate(timezone=ZoneInfo(given["version"].plan.time_zone))
        if not given.pop("preview"):
            return self.answer(services.cascade_target(actor=self.user, at=timezone.now(), **given), ProposalOut)
        require(policies.can_spread(self.user, given["version"], given["unit"]))
        del given["seen"]
        given["unit"] = given["unit"].pk
        return self.answer(proposal(reach=policies.target_reach(self.user), **given), ProposalOut)

    @extend_schema(request=LevelsIn, responses=TargetOut)
    @action(detail=False, methods=["post"])
    def levels(self, request: Request) -> Response:
        """Set the stretch and challenge totals of a target's year; what is left out is taken away."""
        given = self.valid(LevelsIn)
        levels = services.Levels(given.pop("stretch", None), given.pop("challenge", None))
        return self.answer(services.set_levels(actor=self.user, levels=levels, **given), TargetOut)

    @extend_schema(request=SplitIn, responses=TargetOut)
    @action(detail=False, methods=["post"])
    def split(self, request: Request) -> Response:
        """
        Spread a year's total over the months.

        By the season learnt from the years before, evenly, in last year's shape, by working days, or in the row's own shape.
        """
        return self.answer(services.split_target(actor=self.user, **self.valid(SplitIn)).target, TargetOut)

    @extend_schema(request=SomeMonthsIn, responses=TargetOut)
    @action(detail=False, methods=["post"])
    def months(self, request: Request) -> Response:
        """
        Set some months by hand, as amounts or as shares of the year, with a reason that a later split keeps.

        A locked total stays, and so does every total while shares are set: the other months take the difference.
        """
        return self.answer(
            services.change_months(actor=self.user, now=timezone.now(), **self.valid(SomeMonthsIn)), TargetOut
        )

    @extend_schema(request=GrowthIn, responses=TargetOut)
    @action(detail=False, methods=["post"])
    def growth(self, request: Request) -> Response:
        """Say what a target grows from. With a growth the total follows it; without one the growth follows the total."""
        given = self.valid(GrowthIn)
        as_of = timezone.localdate(timezone=ZoneInfo(given["version"].plan.time_zone))
        return self.answer(services.grow_target(actor=self.user, as_of=as_of, **given), TargetOut)

    @extend_schema(request=LockIn, responses=TargetOut)
    @action(detail=False, methods=["post"])
    def lock(self, request: Request) -> Response:
        """Lock a target's total, so that the other months take the difference when some change; or unlock it."""
        return self.answer(services.lock_total(actor=self.user, **self.valid(LockIn)), TargetOut)

    @extend_schema(request=ClearIn, responses=TargetOut)
    @action(detail=False, methods=["post"])
    def clear(self, request: Request) -> Response:
        """Give months set by hand back to the split; the total stays."""
        return self.answer(services.clear_overrides(actor=self.user, **self.valid(ClearIn)), TargetOut)

    @extend_schema(request=LadderIn, responses=LadderOut)
    @action(detail=False, methods=["post"])
    def ladder(self, request: Request) -> Response:
        """
        Say what growth rates of a year, its quarters and months lead to in every way of reading them.

        With `keep` the months of the ladder that keeps that rate are taken over as well; months set by hand stay.
        """
        given = self.valid(LadderIn)
        given["as_of"] = timezone.localdate(timezone=ZoneInfo(given["version"].plan.time_zone))
        whose = {name: given[name] for name in ("version", "unit", "person", "as_of") if name in given}
        require(
            policies.can_set_target(self.user, given["version"], unit=given.get("unit"), person=given.get("person"))
        )
        sheet = ladder_sheet(version=given["version"], rates=given["rates"], base=base_of(**whose, typed=given["base"]))
        if "keep" in given:
            services.climb_target(actor=self.user, **{**given, "keep": Keep(given["keep"])})
        return self.answer(sheet, LadderOut)

    @extend_schema(responses=LinksOut, filters=False)
    @action(detail=True, url_path="links", url_name="links", pagination_class=None, query_parameters=())
    def links(self, request: Request, pk: str) -> Response:
        """Which strategies a target serves, and who carries it."""
        return Response(LinksOut(self.get_object()).data)

    @extend_schema(request=LinksIn, responses=LinksOut, filters=False)
    @links.mapping.post
    def link(self, request: Request, pk: str) -> Response:
        """Say which strategies a target serves and who carries it, in a version in force too: no amount changes."""
        target = self._target(pk)
        require(policies.can_set_target(self.user, target.version, unit=target.unit, person=target.person))
        linked = services.link_target(target=target, actor=self.user, **self.valid(LinksIn))
        return Response(LinksOut(linked).data)

    @extend_schema(responses=TargetChanceOut, filters=False)
    @action(detail=True, pagination_class=None, query_parameters=())
    def chance(self, request: Request, pk: str) -> Response:
        """How likely the target is reached; whatever it counts, and of whatever part of the sales."""
        target = self._target(pk)
        found = target_chances([target], version=target.version, as_of=_today(target))
        return Response(TargetChanceOut(found[target.pk]).data)

    @extend_schema(responses=SmartOut, filters=False)
    @action(detail=True, pagination_class=None, query_parameters=())
    def smart(self, request: Request, pk: str) -> Response:
        """Is it specific, measurable, achievable, relevant and time-bound? Of a draft as it stands; else as it was found."""
        target = self._target(pk)
        return Response(SmartOut(smart_target(target, as_of=_today(target))).data)

    def _target(self, pk: str) -> Target:
        target: Target = self.get_object()
        return Target.objects.select_related("version__plan__fiscal_year", *LINKED).get(pk=target.pk)


def _today(target: Target) -> date:
    return timezone.localdate(timezone=ZoneInfo(target.version.plan.time_zone))


class MetricViewSet(SignedIn, ListModelMixin, GenericViewSet[Metric]):
    """What targets can ask for, each with the sentence that says what counts as achieved, in the caller's language."""

    scope_read = "targets:read"
    serializer_class = MetricOut
    pagination_class = None
    http_method_names = ["get", "head", "options"]
    queryset = Metric.objects.select_related("stage", "from_stage")

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "currency": Company.objects.the_one().currency}
