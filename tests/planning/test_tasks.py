"""The doors to helpers: as many as could be of use are asked, and one that comes too late does no harm."""

import pytest

from planning import tasks

pytestmark = pytest.mark.requirement("R1.8")


@pytest.mark.parametrize(("parts", "asked"), [(1, 0), (3, 2), (40, tasks.MOST_HELPERS)])
def test_as_many_helpers_are_asked_as_could_be_of_use(parts: int, asked: int, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, object]] = []
    monkeypatch.setattr(tasks, "wake", lambda task, **arguments: sent.append((task, arguments["run"])))

    tasks.call_helpers(7, parts)

    assert sent == [(tasks.help_with_groundwork.name, 7)] * asked


@pytest.mark.django_db
def test_a_helper_that_comes_when_all_is_done_makes_nothing() -> None:
    tasks.help_with_groundwork(12345)
