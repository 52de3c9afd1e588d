"""
Canaries: every free text and every amount in the company is unlike any other, so that an answer that shows one it should
not is found out, whichever way it came there.

Who may see a canary is asked of the database: `visible_to` (or `known_to`) of its table, once, before anybody asks a page.
A table without one says here by which table it is seen. A new table that does neither fails the scan.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from zipfile import ZipFile

from django.apps import apps
from django.db import connection, models
from django.db.models import Q
from django.http import HttpResponseBase, StreamingHttpResponse

from core.models import AuditEntry
from customers.models import Activity, Customer, Deal, ImportFile, MarketSize, Strategy
from planning.models import PlanVersion, StageGoal, Submission, Target, TargetCarrier
from teams.models import OrgUnit, User

OURS = ("core", "teams", "customers", "planning", "processes", "risks")
# What everybody who works here may see, and tables that hold no text or amount of anybody's.
COMMON = frozenset(
    {
        "core.idempotentanswer",
        "core.jobrun",
        "core.publication",
        "core.workerseen",
        "teams.company",
        "teams.management",
        "teams.membership",
        "teams.workdayoverride",
        "customers.channel",
        "customers.columnmapping",
        "customers.dealownership",
        "customers.importeddeal",
        "customers.pipeline",
        "customers.productline",
        "customers.region",
        "customers.stage",
        "planning.assignmentrule",
        "planning.effortsettings",
        "planning.exposuremonth",
        "planning.fiscalyear",
        "planning.forecastevidence",
        "planning.forecastreview",
        "planning.groundwork",
        "planning.groundworkpart",
        "planning.metric",
        "planning.plan",
        "planning.ratesettings",
        "planning.ratestages",
        "planning.smartsettings",
        "planning.stageconversion",
        "planning.stageeffort",
        "planning.warningdigest",
        "planning.watched",
    }
)
# Whose rows are seen with the row they belong to.
SEEN_WITH: Mapping[str, tuple[str, str]] = {
    "customers.contact": ("customer", "customers.customer"),
    "customers.dealcredit": ("deal", "customers.deal"),
    "customers.stageevent": ("deal", "customers.deal"),
    "customers.importproblem": ("file", "customers.importfile"),
    "planning.dealcall": ("deal", "customers.deal"),
    "planning.dealforecast": ("deal", "customers.deal"),
    "planning.submittedtarget": ("submission", "planning.submission"),
    "planning.smartfinding": ("target", "planning.target"),
    "planning.targetcarrier": ("target", "planning.target"),
    "planning.targetstrategy": ("target", "planning.target"),
    "planning.warningnight": ("warning", "planning.conversionwarning"),
    "core.auditentry": ("actor", "teams.user"),
}
NO_TEXT_OF_ANYBODY = frozenset(
    {"password", "sha256", "digest", "token_key", "code", "event", "subject_type", "subject_id", "period"}
)
_SHORTEST = 24
_TEXT, _DIGITS = re.compile(r"zq\d{5}qz"), re.compile(r"\d+")
_BETWEEN_DIGITS = re.compile(r"(?<=\d)(?:,|\u00a0|\u202f|&nbsp;|&#160;)(?=\d{3})")


@dataclass(frozen=True)
class Canary:
    """One text or amount, and the row and field that hold it."""

    text: str
    table: str
    field: str
    key: int

    def __str__(self) -> str:
        return f"{self.text} ({self.table}.{self.field} of {self.key})"


@dataclass
class Flock:
    """All canaries by what they say."""

    by_text: dict[str, Canary] = field(default_factory=dict)

    def text(self, row: models.Model, name: str) -> str:
        return self._add(f"zq{len(self.by_text):05}qz", row, name)

    def amount(self, row: models.Model, name: str) -> int:
        return int(self._add(str(4_100_000_017 + 1_013 * len(self.by_text)), row, name))

    def _add(self, text: str, row: models.Model, name: str) -> str:
        self.by_text[text] = Canary(text, row._meta.label_lower, name, row.pk)
        return text

    def found_in(self, text: str) -> set[Canary]:
        """Return the canaries that a text shows, amounts also where their digits stand in groups."""
        words = {*_TEXT.findall(text.lower()), *_DIGITS.findall(_BETWEEN_DIGITS.sub("", text))}
        return {self.by_text[word] for word in words & self.by_text.keys()}


def mark_everything() -> Flock:
    """Put a canary into every free text and every amount of every table of ours."""
    flock = Flock()
    for model in marked_models():
        with _without_triggers(model):
            for row in model._base_manager.order_by("pk"):
                told = dict(_marks(row, flock))
                if told:
                    model._base_manager.filter(pk=row.pk).update(**told)
    return flock


def marked_models() -> list[type[models.Model]]:
    return [model for app in OURS for model in apps.get_app_config(app).get_models() if _label(model) not in COMMON]


def without_audience() -> list[str]:
    """Return the tables of which nobody has said who may see them."""
    return [
        _label(model)
        for model in marked_models()
        if _label(model) not in SEEN_WITH and not hasattr(model._default_manager, "visible_to")
        if _label(model) != "core.apitoken"
    ]


@dataclass(frozen=True)
class Sight:
    """What one person may see, as the database says: keys by table, or by table and field where a field is seen by more."""

    keys: Mapping[str, set[int]]

    def covers(self, canary: Canary) -> bool:
        by_field = self.keys.get(f"{canary.table}.{canary.field}")
        return canary.key in (self.keys.get(canary.table, set()) if by_field is None else by_field)


BLIND = Sight({})


def sight_of(user: User) -> Sight:
    """Ask the database what a person may see."""
    keys = {
        _label(model): _keys(model._default_manager.visible_to(user))
        for model in marked_models()
        if hasattr(model._default_manager, "visible_to")
    }
    for label, (link, whole) in SEEN_WITH.items():
        keys[label] = _keys(apps.get_model(label)._base_manager.filter(**{f"{link}__in": keys[whole]}))
    keys["core.apitoken"] = _keys(user.auth_token_set.all())
    if user.sees_everything:  # also what the product did itself, at night
        keys["core.auditentry"] = _keys(AuditEntry.objects.all())
    keys["teams.orgunit"] = _keys(OrgUnit.objects.known_to(user))
    keys["teams.user.name"] = _keys(_named_to(user))
    return Sight(keys)


def _named_to(user: User) -> "models.QuerySet[User]":
    """People whose names a person may read: those known, and those who stand on a row that the person may see."""
    deals = Deal.objects.visible_to(user)
    seen: models.QuerySet[User] = User.objects.filter(
        Q(pk__in=User.objects.known_to(user).values("pk"))
        | Q(pk__in=Customer.objects.visible_to(user).values("owner"))
        | Q(pk__in=deals.values("ownerships__owner"))
        | Q(pk__in=deals.values("events__actor"))
        | Q(pk__in=deals.values("credits__person"))
        | Q(pk__in=deals.values("credits__actor"))
        | Q(pk__in=Activity.objects.visible_to(user).values("person"))
        | Q(pk__in=PlanVersion.objects.visible_to(user).values("created_by"))
        | Q(pk__in=PlanVersion.objects.visible_to(user).values("activated_by"))
        | Q(pk__in=PlanVersion.objects.visible_to(user).values("closed_by"))
        | Q(pk__in=Submission.objects.visible_to(user).values("submitted_by"))
        | Q(pk__in=Submission.objects.visible_to(user).values("decided_by"))
        | Q(pk__in=Strategy.objects.visible_to(user).values("owner"))
        | Q(pk__in=MarketSize.objects.visible_to(user).values("recorded_by"))
        | Q(pk__in=StageGoal.objects.visible_to(user).values("edited_by"))
        | Q(pk__in=TargetCarrier.objects.filter(target__in=Target.objects.visible_to(user)).values("person"))
    )
    return seen


def _keys(rows: "models.QuerySet[models.Model]") -> set[int]:
    return set(rows.order_by().values_list("pk", flat=True))


def _label(model: type[models.Model]) -> str:
    return model._meta.label_lower


def _marks(row: models.Model, flock: Flock) -> Iterator[tuple[str, object]]:
    for column in row._meta.concrete_fields:
        name = column.name
        match column:
            case models.GeneratedField() | models.FileField():
                continue
            case models.EmailField():
                yield name, f"{flock.text(row, name)}@test.example"
            case models.CharField() | models.TextField():
                roomy = column.max_length is None or column.max_length >= _SHORTEST
                if roomy and not column.choices and name not in NO_TEXT_OF_ANYBODY:
                    yield name, flock.text(row, name)
            case models.DecimalField() if name == "growth":
                continue  # a rate, and only with a base
            case models.DecimalField() if name == "base_amount":
                yield "base_source", "typed"
                yield name, flock.amount(row, name)
            case models.DecimalField():
                yield name, flock.amount(row, name)
            case models.JSONField() if name == "overrides":
                at = "2026-01-05T09:00:00+00:00"
                yield name, {"m03": {"reason": flock.text(row, name), "by": None, "at": at}}
            case models.JSONField() if isinstance(row, ImportFile) or name == "facts":
                yield from _document(row, name, flock)


def _document(row: models.Model, name: str, flock: Flock) -> Iterator[tuple[str, object]]:
    """Put canaries where people read them: in the facts of an audit line, in the columns and samples of a file."""
    text = flock.text(row, name)
    if row._meta.label_lower == "core.auditentry":
        yield name, {"title": text, "changes": {"note": [text, text]}}
    elif name == "header":
        sample = flock.text(row, "profile")
        yield "header", [text]
        yield "profile", {text: {"samples": [sample], "words": {sample: 1}, "blanks": 0, "rows": 1}}
        yield "mapping", {"external_id": text, "stage": text, "created": text}


@contextmanager
def _without_triggers(model: type[models.Model]) -> Iterator[None]:
    """The ledger, the trail and targets in force let nobody change them; here they must, for the moment."""
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        try:
            yield
        finally:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def whole_text(response: HttpResponseBase) -> str:
    """Return all that an answer says: its headers, its body, and what is in the body where that is a workbook."""
    head = "\n".join(f"{name}: {value}" for name, value in response.items())
    return f"{response.status_code}\n{head}\n\n{body_of(response).decode(errors='replace')}"


def body_of(response: HttpResponseBase) -> bytes:
    body: bytes = b"".join(response) if isinstance(response, StreamingHttpResponse) else response.content  # type: ignore[attr-defined]  # an HttpResponse then
    if not body.startswith(b"PK"):
        return body
    with ZipFile(BytesIO(body)) as book:
        return b"\n".join(book.read(name) for name in book.namelist())


def leaks(text: str, flock: Flock, sight: Sight) -> list[str]:
    """Return every canary in an answer that the person may not see."""
    return [str(canary) for canary in sorted(flock.found_in(text), key=str) if not sight.covers(canary)]
