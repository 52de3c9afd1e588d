"""My day and the activities: one tap finishes, one form logs."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from customers import queries, services
from customers.models import Activity, Contact, Deal
from customers.services import refusals
from teams.models import Company, User
from tests.factories.customers import make_customer, make_deal
from tests.factories.teams import Cast

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 18, 4, tzinfo=UTC)  # Wednesday noon in Shanghai


def as_(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def plan(user: User, deal: Deal, due_at: datetime, kind: str = "call") -> Activity:
    return services.plan_activity(actor=user, kind=kind, subject="Ask", due_at=due_at, deal=deal)


def test_a_day_knows_what_is_due_today_what_comes_this_week_and_what_is_later(cast: Cast) -> None:
    deal = make_deal(owner=cast.rao)
    late = plan(cast.rao, deal, NOON - timedelta(days=3))
    tonight = plan(cast.rao, deal, datetime(2026, 11, 18, 15, 59, tzinfo=UTC))
    sunday = plan(cast.rao, deal, datetime(2026, 11, 22, 15, tzinfo=UTC), kind="visit")
    plan(cast.rao, deal, datetime(2026, 11, 22, 16, tzinfo=UTC))  # Monday in Shanghai
    day = queries.my_day(user=cast.rao, company=Company.objects.the_one(), now=NOON)
    assert (day.due, day.later, day.visits) == ([late, tonight], [sunday], [sunday])


def test_won_revenue_is_credited_to_who_owned_the_deal_when_it_was_won(cast: Cast) -> None:
    deal = make_deal(owner=cast.rao, path=("Lead", "Won"), created=date(2026, 11, 2), amount=Decimal(700))
    make_deal(owner=cast.rao, path=("Lead", "Won"), created=date(2026, 10, 5), amount=Decimal(50))
    make_deal(owner=cast.rao, path=("Lead", "Won"), created=date(2026, 11, 3), amount=None)
    services.hand_over_deal(deal=deal, to=cast.peer, version=2, actor=cast.mori, now=timezone.now())
    company = Company.objects.the_one()
    mine = queries.my_day(user=cast.rao, company=company, now=NOON)
    assert (mine.this_month.amount, mine.this_month.count) == (Decimal(700), 2)
    assert (mine.this_quarter.amount, mine.quarter) == (Decimal(750), 4)
    theirs = queries.my_day(user=cast.peer, company=company, now=NOON)
    assert theirs.this_month.amount == 0


def test_quiet_deals_have_no_next_step_and_no_word_for_a_week(cast: Cast) -> None:
    quiet = make_deal(owner=cast.rao, created=date(2026, 11, 1))
    planned = make_deal(owner=cast.rao, created=date(2026, 11, 1))
    plan(cast.rao, planned, NOON + timedelta(days=30))
    make_deal(owner=cast.rao, created=date(2026, 11, 16))
    make_deal(owner=cast.rao, created=date(2026, 10, 1), path=("Lead", "Lost"))
    assert queries.my_day(user=cast.rao, company=Company.objects.the_one(), now=NOON).quiet == [quiet]


def test_one_tap_finishes_and_a_second_tap_changes_nothing(cast: Cast) -> None:
    step = plan(cast.rao, make_deal(owner=cast.rao), timezone.now())
    client = as_(cast.rao)
    path = reverse("customers:activity-done", args=[step.pk])
    first = client.post(path, {"version": 1, "day": "1"}, headers={"HX-Request": "true"})
    assert 'id="day"' in first.content.decode()
    step.refresh_from_db()
    done_at = step.done_at
    assert done_at is not None
    assert client.post(path, {"version": 1, "day": "1"}, headers={"HX-Request": "true"}).status_code == 200
    step.refresh_from_db()
    assert (step.done_at, step.version) == (done_at, 2)


def test_without_scripts_the_tap_is_a_form_that_leads_back_to_the_day(cast: Cast) -> None:
    step = plan(cast.rao, make_deal(owner=cast.rao), timezone.now())
    response = as_(cast.rao).post(reverse("customers:activity-done", args=[step.pk]), {"version": 1, "day": "1"})
    assert response.headers["Location"] == reverse("customers:my-day")


def test_the_lead_may_finish_for_the_rep_but_not_the_rep_for_the_lead(cast: Cast) -> None:
    deal = make_deal(owner=cast.rao)
    of_the_lead = plan(cast.mori, deal, timezone.now())
    of_the_rep = plan(cast.rao, deal, timezone.now())
    assert as_(cast.rao).get(reverse("customers:activity-done", args=[of_the_lead.pk])).status_code == 403
    assert as_(cast.mori).get(reverse("customers:activity-done", args=[of_the_rep.pk])).status_code == 200
    assert as_(cast.west_rep).get(reverse("customers:activity-done", args=[of_the_rep.pk])).status_code == 404


def test_a_tap_calls_or_writes_to_the_first_contact(cast: Cast) -> None:
    customer = make_customer(owner=cast.rao)
    Contact.objects.create(customer=customer, name="Buyer", phone="+86 21 5555", email="buyer@customer.example")
    deal = make_deal(owner=cast.rao, customer=customer)
    plan(cast.rao, deal, timezone.now())
    plan(cast.rao, deal, timezone.now(), kind="mail")
    page = as_(cast.rao).get(reverse("customers:my-day")).content.decode()
    assert "tel:+86%2021%205555" in page
    assert "mailto:buyer@customer.example" in page


def test_logging_belongs_to_the_deal_and_its_customer(cast: Cast) -> None:
    deal = make_deal(owner=cast.rao)
    data = {"kind": "visit", "subject": "Saw the plant", "done_at": "2026-01-06T10:00", "note": ""}
    response = as_(cast.rao).post(f"/activities/new/?deal={deal.pk}", data)
    assert response.headers["Location"] == reverse("customers:deal-detail", args=[deal.pk])
    activity = Activity.objects.get()
    assert (activity.customer, activity.person, activity.done_at) == (
        deal.customer,
        cast.rao,
        datetime(2026, 1, 6, 2, tzinfo=UTC),
    )


def test_an_activity_is_about_something_and_what_is_done_is_not_in_the_future(cast: Cast) -> None:
    base = {"kind": "call", "subject": "x", "note": ""}
    client = as_(cast.rao)
    assert client.post("/activities/new/", {**base, "done_at": "2026-01-06T10:00"}).status_code == 422
    deal = make_deal(owner=cast.rao)
    assert client.post(f"/activities/new/?deal={deal.pk}", {**base, "done_at": "2099-01-06T10:00"}).status_code == 422
    assert not Activity.objects.exists()


def test_nobody_logs_about_what_they_cannot_see(cast: Cast) -> None:
    deal = make_deal(owner=cast.west_rep)
    assert as_(cast.rao).get(f"/activities/new/?deal={deal.pk}").status_code == 404
    with pytest.raises(refusals.DealIsOutOfReach):
        plan(cast.rao, deal, NOON)
    with pytest.raises(refusals.CustomerIsOutOfReach):
        services.plan_activity(actor=cast.rao, kind="call", subject="x", due_at=NOON, customer=deal.customer)


def test_planning_from_the_day_leads_back_to_the_day(cast: Cast) -> None:
    deal = make_deal(owner=cast.rao)
    data = {"kind": "visit", "subject": "Show it", "deal": deal.pk, "due_at": "2026-12-01T09:00"}
    assert as_(cast.rao).post("/activities/new/?plan", data).headers["Location"] == reverse("customers:my-day")
    assert Activity.objects.planned().get().deal == deal
