from datetime import date
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.utils import timezone
from django_filters import ChoiceFilter, FilterSet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from core.access import require
from core.api.filters import WholeNumberFilter
from core.api.viewsets import Retrieves
from planning import policies, services
from planning.models import Plan, PlanVersion, Submission
from planning.serializers import (
    NothingIn,
    PlanOut,
    PlanVersionOut,
    ReviseIn,
    SendBackIn,
    SubmissionOut,
    SubmitIn,
    SubmitPartIn,
)


class PlanFilters(FilterSet):
    year = WholeNumberFilter(field_name="fiscal_year__year", min_value=2000, max_value=2100)

    class Meta:
        model = Plan
        fields: list[str] = []


class PlanViewSet(Retrieves, ListModelMixin, GenericViewSet[Plan]):
    """The plans of the fiscal years."""

    scope_read = "plans:read"
    scope_write = "plans:write"
    serializer_class = PlanOut
    filterset_class = PlanFilters
    queryset = Plan.objects.none()
    http_method_names = ["get", "head", "options", "post"]

    def get_queryset(self) -> QuerySet[Plan]:
        return Plan.objects.visible_to(self.user).select_related("fiscal_year").order_by("-fiscal_year__year")

    @extend_schema(request=ReviseIn, responses={201: PlanVersionOut})
    @action(detail=True, methods=["post"])
    def revise(self, request: Request, pk: str) -> Response:
        """Begin a new draft with the targets of the version that counts; months that are over keep theirs."""
        plan = self.get_object()
        require(policies.can_plan(self.user))
        draft = services.revise_plan(plan=plan, actor=self.user, as_of=_today(plan), **self.valid(ReviseIn))
        return self.answer(draft, PlanVersionOut, status=201)


class PlanVersionFilters(FilterSet):
    plan = WholeNumberFilter(field_name="plan_id")
    status = ChoiceFilter(choices=PlanVersion.Status.choices)

    class Meta:
        model = PlanVersion
        fields: list[str] = []


class PlanVersionViewSet(Retrieves, ListModelMixin, GenericViewSet[PlanVersion]):
    """
    Versions of plans; what is still planned is for those who plan. A change needs the ETag of what was read in If-Match.

    Approving, activating and closing are a person's acts: these addresses take no token.
    """

    scope_read = "plans:read"
    serializer_class = PlanVersionOut
    filterset_class = PlanVersionFilters
    queryset = PlanVersion.objects.none()
    versioned = True
    http_method_names = ["get", "head", "options", "post"]

    @property
    def scope_write(self) -> str:  # type: ignore[override]  # by action, where the base names one for all
        return "plans:write" if self.action == "submit" else ""

    def get_queryset(self) -> QuerySet[PlanVersion]:
        return PlanVersion.objects.visible_to(self.user).select_related("plan__fiscal_year").order_by("plan", "-number")

    @extend_schema(request=SubmitIn, responses={201: SubmissionOut})
    @action(detail=True, methods=["post"])
    def submit(self, request: Request, pk: str) -> Response:
        """Hand up a whole draft; its targets are locked until somebody else sends it back or approves it."""
        version = self.get_object()
        require(policies.can_plan(self.user))
        wish = self.valid(SubmitIn)
        seen = self.expected_version(version)
        made = services.submit_version(
            version=version, actor=self.user, as_of=_today(version.plan), lock_version=seen, **wish
        )
        return self.answer(made, SubmissionOut, status=201)

    @extend_schema(request=NothingIn, responses=PlanVersionOut)
    @action(detail=True, methods=["post"])
    def activate(self, request: Request, pk: str) -> Response:
        """Make an approved version the one that counts."""
        version = self.get_object()
        require(policies.can_plan(self.user))
        self.valid(NothingIn)
        seen = self.expected_version(version)
        done = services.activate_version(version=version, actor=self.user, lock_version=seen)
        return self.answer(done, PlanVersionOut)

    @extend_schema(request=NothingIn, responses=PlanVersionOut)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: str) -> Response:
        """Close a plan whose year is over."""
        version = self.get_object()
        require(policies.can_plan(self.user))
        self.valid(NothingIn)
        seen = self.expected_version(version)
        done = services.close_version(version=version, actor=self.user, as_of=_today(version.plan), lock_version=seen)
        return self.answer(done, PlanVersionOut)


class SubmissionFilters(FilterSet):
    version = WholeNumberFilter(field_name="plan_version_id")
    unit = WholeNumberFilter(field_name="unit_id")
    status = ChoiceFilter(choices=Submission.Status.choices)

    class Meta:
        model = Submission
        fields: list[str] = []


class SubmissionViewSet(Retrieves, ListModelMixin, GenericViewSet[Submission]):
    """
    What was handed up of drafts: the parts of the units that the caller manages, and of all below. A POST hands one up.

    Whoever decides manages a unit above, and never decides on what they handed up themselves; these addresses take no token.
    """

    scope_read = "plans:read"
    serializer_class = SubmissionOut
    filterset_class = SubmissionFilters
    queryset = Submission.objects.none()
    versioned = True
    unversioned_actions = ("create",)
    http_method_names = ["get", "head", "options", "post"]

    @property
    def scope_write(self) -> str:  # type: ignore[override]  # by action, where the base names one for all
        return "plans:write" if self.action == "create" else ""

    def get_queryset(self) -> QuerySet[Submission]:
        related = ("plan_version__plan__fiscal_year", "unit")
        return Submission.objects.visible_to(self.user).select_related(*related).order_by("-pk")

    @extend_schema(request=SubmitPartIn, responses={201: SubmissionOut})
    def create(self, request: Request) -> Response:
        """Hand up what is planned below a unit."""
        wish = self.valid(SubmitPartIn)
        return self.answer(
            services.submit_part(actor=self.user, as_of=_today(wish["version"].plan), **wish), SubmissionOut, status=201
        )

    @extend_schema(request=NothingIn, responses=SubmissionOut)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        """Approve a part, or the whole: then it never changes again."""
        submission = self.get_object()
        require(policies.can_decide(self.user, submission))
        self.valid(NothingIn)
        seen = self.expected_version(submission)
        done = services.approve_submission(submission=submission, version=seen, actor=self.user)
        return self.answer(done, SubmissionOut)

    @extend_schema(request=SendBackIn, responses=SubmissionOut)
    @action(detail=True, methods=["post"], url_path="send-back")
    def send_back(self, request: Request, pk: str) -> Response:
        """Send a part, or the whole, back with a comment."""
        submission = self.get_object()
        require(policies.can_decide(self.user, submission))
        wish = self.valid(SendBackIn)
        seen = self.expected_version(submission)
        done = services.send_back(submission=submission, version=seen, actor=self.user, **wish)
        return self.answer(done, SubmissionOut)


def _today(plan: Plan) -> date:
    """The business day of a plan: the clock and the plan's time zone, read at the door."""
    return timezone.localdate(timezone=ZoneInfo(plan.time_zone))
