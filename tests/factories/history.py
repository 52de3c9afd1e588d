"""A selling history of some years for tests of what the past tells: seeded, the same every time."""

from datetime import date, timedelta
from decimal import Decimal
from random import Random

from customers.models import Pipeline
from teams.models import User
from tests.factories.customers import make_deal, make_pipeline

STEPS = ("Lead", "Contacted", "Visited", "Quoted")


def make_history(*owners: User, first: date, last: date, deals: int, seed: int = 1) -> Pipeline:
    """Give each person deals created between two days: a third is won, a half lost, the rest still on its way."""
    dice = Random(seed)
    pipeline = Pipeline.objects.first() or make_pipeline()
    for owner in owners:
        for _ in range(deals):
            created = first + timedelta(days=dice.randrange((last - first).days))
            end = dice.choice(("Won", "Won", "Lost", "Lost", "Lost", ""))
            path = (*STEPS, end) if end else STEPS[: dice.randint(1, 4)]
            room = max((last - created).days // len(path), 0)
            make_deal(
                owner=owner,
                pipeline=pipeline,
                path=path,
                created=created,
                days_in_stage=min(dice.randint(3, 20), room),
                amount=Decimal(dice.randrange(1_000, 90_000)) if dice.random() < 0.9 else None,
                expected_close_date=created + timedelta(days=60) if dice.random() < 0.7 else None,
            )
    return pipeline
