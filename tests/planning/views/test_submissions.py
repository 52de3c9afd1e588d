from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from planning.models import PlanVersion, Submission
from teams.models import User
from tests.factories.planning import make_submission, make_target, make_version
from tests.factories.teams import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R0.1")]


@pytest.fixture
def draft(cast: Cast) -> PlanVersion:
    version = make_version(by=cast.planner)
    make_target(version, unit=cast.east_one, month=Decimal(100))
    make_target(version, person=cast.rao, month=Decimal(80), m01=Decimal(0), m02=Decimal(0), m03=Decimal(0))
    return version


def page_of(client: Client, user: User, name: str, *args: object) -> str:
    client.force_login(user)
    response = client.get(reverse(f"planning:{name}", args=args))
    assert response.status_code == 200
    return response.content.decode()


def test_a_lead_hands_up_a_part_and_the_region_sends_it_back(client: Client, cast: Cast, draft: PlanVersion) -> None:
    submit = reverse("planning:version-submit", args=[draft.pk, cast.east_one.pk])
    html = page_of(client, cast.mori, "version-submit", draft.pk, cast.east_one.pk)
    assert "Nothing is due in Q1." in html
    assert "Lin" in html
    seen = client.get(submit).context["form"].initial["seen"]
    refused = client.post(submit, {"seen": seen, "reason": ""})
    assert refused.status_code == 422
    assert "2 checks fail. Mend them, or say why" in refused.content.decode()
    assert client.post(submit, {"seen": seen, "reason": "Rao begins in April"}).status_code == 302
    made = Submission.objects.get()
    assert "Look and decide" not in page_of(client, cast.mori, "version-approval", draft.pk)

    assert "Look and decide" in page_of(client, cast.lin, "version-approval", draft.pk)
    html = page_of(client, cast.lin, "submission-detail", made.pk)
    assert "Rao begins in April" in html
    assert "-¥480.00" in html
    back = reverse("planning:submission-send-back", args=[made.pk])
    assert client.post(back, {"version": 1, "comment": ""}).status_code == 422
    assert client.post(back, {"version": 1, "comment": "April is late"}).status_code == 302
    assert "April is late" in page_of(client, cast.mori, "version-approval", draft.pk)


def test_the_plan_owner_hands_up_the_whole_and_somebody_else_approves(
    client: Client, cast: Cast, draft: PlanVersion
) -> None:
    html = page_of(client, cast.planner, "version-submit", draft.pk)
    assert "Administrator" in html
    submit = reverse("planning:version-submit", args=[draft.pk])
    form = client.get(submit).context["form"].initial
    assert client.post(submit, {**form, "reason": "First year"}).status_code == 302
    whole = Submission.objects.get()
    approve = reverse("planning:submission-approve", args=[whole.pk])
    assert "somebody else decides" in page_of(client, cast.planner, "submission-detail", whole.pk)
    seen = client.get(reverse("planning:submission-detail", args=[whole.pk])).context["seen"]
    assert client.post(approve, {"version": 1, "seen": seen}).status_code == 403
    client.force_login(cast.admin)
    assert client.post(approve, {"version": 1, "seen": "0.0"}).status_code == 422
    assert client.post(approve, {"version": 1, "seen": seen}).status_code == 302
    draft.refresh_from_db()
    assert draft.status == PlanVersion.Status.APPROVED
    assert "Locked: the plan is approved" in client.get(reverse("planning:targets")).content.decode()


def test_a_row_of_a_part_that_is_handed_up_says_so_where_it_is_edited(
    client: Client, cast: Cast, draft: PlanVersion
) -> None:
    make_submission(draft, unit=cast.east_one, by=cast.mori)
    client.force_login(cast.mori)
    response = client.patch(
        reverse("planning:target-edit", kwargs={"version": draft.pk, "person": cast.rao.pk}),
        "&".join(["lock_version=1", *(f"m{month:02}=1" for month in range(1, 13))]),
        headers={"accept": "application/json"},
    )
    assert response.status_code == 409
    assert response.json()["code"] == "part_is_held"


def test_who_is_alone_learns_that_somebody_else_must_be_added(client: Client, cast: Cast, draft: PlanVersion) -> None:
    User.objects.filter(pk=cast.admin.pk).update(is_active=False)
    html = page_of(client, cast.planner, "version-submit", draft.pk)
    assert "Nobody else may decide yet." in html
