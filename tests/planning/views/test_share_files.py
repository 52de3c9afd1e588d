"""Market-share targets as a file: exported with what is known of each market, looked at, and taken over or not at all."""

import csv
from io import StringIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.models import AuditEntry
from customers.models import ProductLine
from planning.models import PlanVersion, ShareTarget
from tests.factories.customers import make_product, make_region
from tests.factories.planning import make_version
from tests.factories.teams import Cast, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.4")]
PRODUCT, REGION, PERIOD, SEEN, SHARE = range(1, 6)
Rows = list[list[str]]


@pytest.fixture
def version(cast: Cast) -> PlanVersion:
    """A draft in which the flagship is to have 30 % of the coast over the year and 12.5 % of it in the second quarter."""
    version = make_version(by=cast.planner)
    product, region = make_product("Flagship"), make_region("Coast")
    make_region("Inland")
    for quarter, share in ((0, 0.3), (2, 0.125)):
        ShareTarget.objects.create(
            version=version,
            product=product,
            region=region,
            quarter=quarter,
            share=share,
            set_by=cast.planner,
            set_at=timezone.now(),
        )
    return version


@pytest.fixture
def planner(cast: Cast) -> Client:
    return signed_in(cast.planner)


def exported(page: Client, version: PlanVersion, kind: str = "csv") -> bytes:
    answer = page.get(reverse("planning:share-targets-export", kwargs={"version": version.pk, "kind": kind}))
    assert answer.status_code == 200
    body: bytes = answer.getvalue()
    return body


def table(page: Client, version: PlanVersion) -> Rows:
    return list(csv.reader(StringIO(exported(page, version).decode("utf-8-sig"))))


def read(page: Client, version: PlanVersion, content: bytes | Rows, name: str = "shares.csv") -> Any:
    if not isinstance(content, bytes):
        text = StringIO()
        csv.writer(text).writerows(content)
        content = text.getvalue().encode()
    url = reverse("planning:share-targets-import", args=[version.pk])
    return page.post(url, {"file": SimpleUploadedFile(name, content)})


def take_over(page: Client, version: PlanVersion, answer: Any) -> Any:
    proposal = answer.context["proposal"]["proposal"].value()
    return page.post(reverse("planning:share-targets-import", args=[version.pk]), {"proposal": proposal})


def shares() -> list[tuple[str, int, float]]:
    return list(ShareTarget.objects.order_by("pk").values_list("region__name", "quarter", "share"))


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_what_was_exported_comes_back_as_no_change(planner: Client, version: PlanVersion, kind: str) -> None:
    answer = read(planner, version, exported(planner, version, kind), f"shares.{kind}")
    check = answer.context["check"]
    assert (answer.status_code, check.changes, check.problems, check.same) == (200, [], [], 2)


def test_a_changed_and_a_new_share_are_shown_first_and_a_blank_one_stays(planner: Client, version: PlanVersion) -> None:
    rows = table(planner, version)
    rows[1][SHARE], rows[2][SHARE] = "35%", ""
    rows.append(["", "flagship", "Inland", "Q4", "", "8.25"])

    answer = read(planner, version, rows)

    assert [(change.before, str(change.after)) for change in answer.context["check"].changes] == [
        (30, "35.0000"),
        (None, "8.2500"),
    ]
    assert "35%" in answer.content.decode()
    assert shares() == [("Coast", 0, 0.3), ("Coast", 2, 0.125)]

    assert take_over(planner, version, answer).status_code == 302
    assert shares() == [("Coast", 0, 0.35), ("Coast", 2, 0.125), ("Inland", 4, 0.0825)]
    assert AuditEntry.objects.latest("pk").facts["origin"] == "From the file shares.csv"


@pytest.mark.parametrize(
    ("column", "typed", "said"),
    [
        (SHARE, "0", "more than 0%"),
        (SHARE, "101", "at most 100%"),
        (SHARE, "a third", "This is not an amount."),
        (PRODUCT, "Unheard of", "Nothing that is in use is called Unheard of."),
        (REGION, "", "Nothing that is in use is called –."),
        (PERIOD, "Q5", "A period is one of year, Q1, Q2, Q3, Q4."),
        (PERIOD, "Q2", "stands on line 2 already"),
        (SEEN, "9", "Somebody changed this row"),
        (0, "FY2031 v9", "This line belongs to FY2031 v9"),
    ],
)
def test_a_wrong_cell_is_named_by_its_line_and_nothing_is_taken_over(
    planner: Client, version: PlanVersion, column: int, typed: str, said: str
) -> None:
    rows = table(planner, version)
    rows[1][SHARE] = "31"
    rows[1][column] = typed

    answer = read(planner, version, rows)

    problem = answer.context["check"].problems[0]
    assert problem.line == (3 if typed == "Q2" else 2)
    assert said in problem.message
    assert (answer.status_code, answer.context["proposal"]) == (422, None)
    assert shares() == [("Coast", 0, 0.3), ("Coast", 2, 0.125)]


def test_one_stale_line_leaves_all_as_they_are(planner: Client, version: PlanVersion) -> None:
    rows = table(planner, version)
    rows[1][SHARE], rows[2][SHARE] = "31", "13"
    looked = read(planner, version, rows)
    ShareTarget.objects.filter(quarter=2).update(lock_version=2)

    assert take_over(planner, version, looked).status_code == 412
    assert shares() == [("Coast", 0, 0.3), ("Coast", 2, 0.125)]


@pytest.mark.requirement("R7.4")
def test_those_who_manage_read_the_file_and_those_who_plan_bring_it_back(cast: Cast, version: PlanVersion) -> None:
    lin = signed_in(cast.lin)
    rows = table(lin, version)
    rows[1][SHARE] = "31"
    assert read(lin, version, rows).status_code == 403
    out = reverse("planning:share-targets-export", kwargs={"version": version.pk, "kind": "csv"})
    assert signed_in(cast.rao).get(out).status_code in {403, 404}
    looked = read(signed_in(cast.planner), version, rows)
    assert take_over(signed_in(cast.admin), version, looked).status_code == 422
    PlanVersion.objects.update(status=PlanVersion.Status.SUBMITTED)
    assert read(signed_in(cast.planner), version, rows).status_code == 409


def test_a_product_line_out_of_use_stays_with_its_share(planner: Client, version: PlanVersion) -> None:
    ProductLine.objects.update(is_active=False, name_zh="旗舰")
    rows = table(planner, version)
    rows[1][PRODUCT] = "旗舰"
    assert read(planner, version, rows).context["check"].same == 2
