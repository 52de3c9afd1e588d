"""A small API over people, made for the tests of the defaults: every route does one thing that an app's would do."""

import uuid
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, OperationalError, connection, transaction
from django.db.models import F, ProtectedError, QuerySet
from django.urls import include, path
from django_filters import ChoiceFilter, FilterSet, IsoDateTimeFromToRangeFilter, MultipleChoiceFilter, OrderingFilter
from drf_spectacular.views import SpectacularAPIView
from rest_framework.decorators import action
from rest_framework.exceptions import Throttled
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.viewsets import GenericViewSet

from config.urls import handler400, handler403, handler404, handler500
from core import audit
from core.api.filters import SearchFilter
from core.api.serializers import Amount, Day, In, ModelOut, Moment, Number, Text, WholeNumber, YesNo
from core.api.viewsets import Retrieves, SignedIn
from core.errors import DomainError, Problem, VersionConflict
from teams.models import User

__all__ = ["handler400", "handler403", "handler404", "handler500"]


class NameTaken(DomainError):
    code = "name_taken"


@transaction.atomic(durable=True)
def name_person(*, person: User, name: str, version: int, actor: User) -> User:
    """Name a person, as a service of the product would."""
    changed = User.objects.filter(pk=person.pk, version=version).update(name=name, version=F("version") + 1)
    if not changed:
        raise VersionConflict(current=User.objects.get(pk=person.pk).version)
    audit.record("teams.user.named", actor=actor, subject=person, name=name)
    person.refresh_from_db()
    return person


@transaction.atomic(durable=True)
def add_person(*, name: str, actor: User, refuse: bool = False) -> User:
    """Make a person, or refuse after having written: nothing may stay."""
    person = User.objects.create(email=f"{uuid.uuid4().hex}@test.example", name=name)
    audit.record("teams.user.added", actor=actor, subject=person)
    if refuse:
        raise NameTaken("This name is taken.", problems=[Problem("name", "Taken.", "taken")], extra={"hint": "Other"})
    return person


class PersonOut(ModelOut):
    class Meta:
        model = User
        fields = ["id", "name", "version"]


class Address(In):
    city = Text(max_length=20)


class PersonIn(In):
    name = Text(max_length=80)
    note = Text(lines=True, required=False, allow_blank=True)
    bonus = Amount(required=False)
    age = WholeNumber(required=False)
    share = Number(required=False, min_value=0, max_value=1)
    is_away = YesNo(required=False)
    met_at = Moment(required=False)
    hired_date = Day(required=False)
    addresses = Address(many=True, required=False)
    refuse = Text(required=False)


class PersonFilters(FilterSet):
    q = SearchFilter("name", "email")
    language = ChoiceFilter(choices=[("en", "English"), ("zh-hans", "Chinese")])
    theme = MultipleChoiceFilter(choices=User.Theme.choices)
    created_at = IsoDateTimeFromToRangeFilter()
    ordering = OrderingFilter(fields=["name", "hired_date"])

    class Meta:
        model = User
        fields: list[str] = []


class PersonViewSet(Retrieves, ListModelMixin, GenericViewSet[User]):
    serializer_class = PersonOut
    filterset_class = PersonFilters
    scope_read, scope_write = "people:read", "deals:write"
    versioned = True

    def get_queryset(self) -> QuerySet[User]:
        return User.objects.visible_to(self.user).order_by("name")

    def create(self, request: Request) -> Response:
        wish = PersonIn(data=request.data)
        wish.is_valid(raise_exception=True)
        person = add_person(name=wish.validated_data["name"], actor=self.user, refuse="refuse" in wish.validated_data)
        return self.answer(person, PersonOut, status=201, location=f"/api/people/{person.pk}")

    def partial_update(self, request: Request, pk: str) -> Response:
        person = self.get_object()
        version = self.expected_version(person)
        wish = PersonIn(data=request.data)
        wish.is_valid(raise_exception=True)
        named = name_person(person=person, name=wish.validated_data["name"], version=version, actor=self.user)
        return self.answer(named, PersonOut)

    @action(detail=True, methods=["post"])
    def rename(self, request: Request, pk: str) -> Response:
        return self.partial_update(request, pk)

    @action(detail=False, methods=["get"], pagination_class=None, filterset_class=None, query_parameters=("day",))
    def today(self, request: Request) -> Response:
        return Response({"day": request.query_params.get("day")})


class NoScopes(SignedIn):
    """A view that names no scope: no token gets in."""

    def get(self, request: Request) -> Response:
        return Response({"hello": self.user.name})


class Failing(SignedIn):
    """Fails in every way that a view can."""

    def get(self, request: Request, kind: str) -> Response:
        if kind == "slow":
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL statement_timeout = 20")
                cursor.execute("SELECT pg_sleep(1)")
        if kind == "locked":
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = 20")
                cursor.execute("SELECT pg_advisory_xact_lock(42)")
        failures: dict[str, Exception] = {
            "integrity": IntegrityError("duplicate key of somebody else"),
            "protected": ProtectedError("in use", set()),
            "data": DataError("out of range"),
            "database": OperationalError("the server closed the connection"),
            "validation": ValidationError("Not like this."),
            "throttled": Throttled(wait=7),
            "bug": ZeroDivisionError("secret detail"),
        }
        raise failures[kind]


router = SimpleRouter(trailing_slash=False)
router.register("people", PersonViewSet, basename="people")
api: list[Any] = [
    *router.urls,
    path("no-scopes", NoScopes.as_view()),
    path("failing/<str:kind>", Failing.as_view()),
    path("schema", SpectacularAPIView.as_view(), name="schema"),
]
urlpatterns = [path("api/", include(api)), path("accounts/", include("allauth.urls"))]
