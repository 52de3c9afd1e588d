from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from core.errors import Invalid, NotAllowed, VersionConflict
from core.models import AuditEntry
from customers import services
from customers.models import Deal, DealCredit
from customers.queries.credits import agreements
from customers.services import Part
from tests.factories.customers import make_deal
from tests.factories.teams import Cast, make_person, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.5")]
NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)


@pytest.fixture
def deal(cast: Cast) -> Deal:
    return make_deal(owner=cast.rao)


def share(deal: Deal, cast: Cast, *parts: Part, valid_from: date | None = None) -> Deal:
    deal.refresh_from_db()
    return services.share_credit(
        deal=deal, version=deal.version, actor=cast.mori, now=NOW, parts=parts, valid_from=valid_from, reason="Together"
    )


def test_shares_that_do_not_add_up_are_refused_and_overlay_does_not_count_among_them(deal: Deal, cast: Cast) -> None:
    for parts in (
        [Part(cast.rao, 6000), Part(cast.peer, 3000)],
        [Part(cast.rao, 6000), Part(cast.peer, 4000, is_overlay=True)],
        [Part(cast.rao, 5000), Part(cast.rao, 5000)],
    ):
        with pytest.raises(Invalid):
            share(deal, cast, *parts)
    assert not DealCredit.objects.exists()
    share(deal, cast, Part(cast.rao, 6000), Part(cast.peer, 4000), Part(cast.mori, 2500, is_overlay=True))
    newest = agreements(deal)[0]
    assert [(part.person, part.points) for part in newest.parts] == [(cast.rao, 6000), (cast.peer, 4000)]
    assert [(part.person, part.share) for part in newest.overlays] == [(cast.mori, 0.25)]


def test_what_was_agreed_before_stays_on_record(deal: Deal, cast: Cast) -> None:
    share(deal, cast, Part(cast.rao, 6000), Part(cast.peer, 4000))
    share(deal, cast, valid_from=date(2026, 5, 1))
    assert [len(found.parts) for found in agreements(deal)] == [1, 2]
    assert agreements(deal)[0].parts[0].person == cast.rao
    with pytest.raises(IntegrityError, match="what was agreed"), transaction.atomic():
        DealCredit.objects.update(points=1)
    with pytest.raises(IntegrityError, match="what was agreed"), transaction.atomic():
        DealCredit.objects.filter(seq=1).delete()


def test_the_database_refuses_shares_that_do_not_add_up_whoever_writes_them(deal: Deal, cast: Cast) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(IntegrityError, match="do not add up"), transaction.atomic():
        DealCredit.objects.create(deal=deal, seq=1, valid_from=date(2026, 1, 5), person=cast.rao, points=9999)


def test_only_those_who_lead_the_owner_share_and_nobody_for_oneself(deal: Deal, cast: Cast) -> None:
    own = make_deal(owner=cast.mori)
    for actor, thing in ((cast.rao, deal), (cast.diaz, deal), (cast.mori, own)):
        with pytest.raises(NotAllowed):
            services.share_credit(deal=thing, version=thing.version, actor=actor, now=NOW, parts=[])


def test_a_deal_that_somebody_changed_since_is_not_shared(deal: Deal, cast: Cast) -> None:
    share(deal, cast, Part(cast.rao, 10_000))
    with pytest.raises(VersionConflict):
        services.share_credit(deal=deal, version=deal.version, actor=cast.mori, now=NOW, parts=[])
    assert AuditEntry.objects.filter(event="customers.deal.credit_shared").count() == 1


def test_a_stranger_cannot_be_named(deal: Deal, cast: Cast) -> None:
    with pytest.raises(Invalid):
        share(deal, cast, Part(cast.west_rep, 10_000))
    stranger = make_person()
    with pytest.raises(Invalid):
        share(deal, cast, Part(cast.rao, 5000), Part(stranger, 5000))


def test_the_form_shares_and_the_page_of_the_deal_shows_it(deal: Deal, cast: Cast) -> None:
    client = signed_in(cast.mori)
    address = reverse("customers:deal-credit", args=[deal.pk])
    sent = {"version": deal.version, "person_0": cast.rao.pk, "share_0": "66.67", "person_1": cast.peer.pk}
    assert client.post(address, sent).status_code == 422
    assert client.post(address, {**sent, "share_1": "33.34"}).status_code == 422
    assert client.post(address, {**sent, "share_1": "33.33"}).status_code == 302
    shown = client.get(reverse("customers:deal-detail", args=[deal.pk])).content.decode()
    assert cast.peer.name in shown
    assert signed_in(cast.rao).post(address, sent).status_code == 403


def test_the_api_shares_with_the_version_that_was_read(deal: Deal, cast: Cast) -> None:
    client = signed_in(cast.mori)
    address = reverse("api:deal-credits", args=[deal.pk])
    body = {"parts": [{"person": cast.rao.pk, "share": "0.5"}, {"person": cast.peer.pk, "share": "0.5"}]}
    assert client.post(address, body, "application/json").status_code == 428
    stale = client.post(address, body, "application/json", headers={"If-Match": '"999"'})
    assert stale.status_code == 412
    read = client.get(reverse("api:deal-detail", args=[deal.pk]))["ETag"]
    assert client.post(address, body, "application/json", headers={"If-Match": read}).status_code == 200
    assert [row["share"] for row in client.get(address).json()] == [0.5, 0.5]
