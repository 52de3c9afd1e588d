from datetime import UTC, date, datetime
from smtplib import SMTPException
from unittest.mock import patch

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.core.management import call_command

from planning import services
from planning.models import By, ConversionWarning, WarningDigest
from teams.services import change_profile
from tests.factories.customers import make_pipeline
from tests.factories.planning import make_plan
from tests.factories.teams import Cast
from tests.factories.warnings import make_warning

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.9")]

MONDAY = date(2026, 6, 15)


def _clock() -> datetime:
    return datetime(2026, 6, 15, 0, 10, tzinfo=UTC)


def _send() -> int:
    return services.send_digests(week=MONDAY, clock=_clock, link_base="https://plan.test.example/")


@pytest.fixture
def warning(cast: Cast) -> ConversionWarning:
    """A warning about team one in the east."""
    stage = make_pipeline().stages.get(name="Quoted")
    return make_warning(plan=make_plan(2026), stage=stage, by=By.UNIT, member=cast.east_one.pk)


def test_each_manager_above_the_unit_gets_the_warning_and_nobody_else(cast: Cast, warning: ConversionWarning) -> None:
    assert _send() == 2

    assert sorted(to for message in mail.outbox for to in message.to) == sorted([cast.lin.email, cast.mori.email])
    text = mail.outbox[0].body
    assert "Quoted · East one" in text
    assert "12 went on, 30 expected (40%)" in text
    assert f"https://plan.test.example/warnings/{warning.pk}/" in text
    html = mail.outbox[0].alternatives[0][0]  # type: ignore[union-attr]  # a mail with two bodies
    assert "East one" in str(html)


def test_nobody_gets_the_mail_of_a_week_twice(warning: ConversionWarning) -> None:
    _send()

    assert _send() == 0
    assert len(mail.outbox) == WarningDigest.objects.filter(sent_at__isnull=False).count() == 2


def test_the_mail_speaks_the_readers_language(cast: Cast, warning: ConversionWarning) -> None:
    cast.lin.language = "zh-hans"
    cast.lin.save()

    _send()

    (message,) = [message for message in mail.outbox if message.to == [cast.lin.email]]
    assert message.subject == "Yearline:1 项转化率低于历史"
    assert "已报价" in message.body


def test_who_has_nothing_waiting_gets_no_mail(cast: Cast, warning: ConversionWarning) -> None:
    services.close_warning(warning=warning, version=1, actor=cast.lin, note="Known")

    assert _send() == 0
    assert not WarningDigest.objects.exists()


def test_a_mail_that_does_not_leave_is_tried_again_and_stops_no_other(warning: ConversionWarning) -> None:
    with patch.object(EmailMultiAlternatives, "send", side_effect=[SMTPException("busy"), 1]):
        assert _send() == 1

    assert _send() == 1
    assert WarningDigest.objects.count() == 2


@pytest.mark.parametrize(
    ("now", "week"),
    [
        (datetime(2026, 6, 14, 22, 59, tzinfo=UTC), None),  # Monday 06:59 in Shanghai
        (datetime(2026, 6, 14, 23, 0, tzinfo=UTC), MONDAY),
        (datetime(2026, 6, 16, 15, 0, tzinfo=UTC), MONDAY),  # a Monday without a worker is made up on Tuesday
        (datetime(2026, 6, 16, 16, 0, tzinfo=UTC), None),
        (datetime(2026, 6, 21, 12, 0, tzinfo=UTC), None),
    ],
)
def test_the_mail_is_due_from_monday_morning_in_the_plans_zone(now: datetime, week: date | None) -> None:
    assert services.due_week(now=now, time_zone="Asia/Shanghai") == week


def test_the_command_says_how_many_left(warning: ConversionWarning, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("send_digests")

    assert capsys.readouterr().out.startswith("2 sent for the week of ")


def test_who_does_not_want_the_mail_gets_none_and_each_mail_says_where_to_say_so(
    cast: Cast, warning: ConversionWarning
) -> None:
    change_profile(actor=cast.lin, version=1, name="Lin", language="", theme="light", weekly_mail=False)

    assert _send() == 1
    (message,) = mail.outbox
    assert message.to == [cast.mori.email]
    assert message.extra_headers["List-Unsubscribe"] == "<https://plan.test.example/people/profile/>"
    assert "I do not want this mail: https://plan.test.example" in message.body
