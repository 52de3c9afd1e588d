"""`python -m bench`: build the company, measure, print, forget."""

from time import perf_counter

from bench.database import throw_away


def main() -> None:
    """Print all tables."""
    with throw_away():
        import django  # the environment names the database now

        django.setup()
        from django.core.management import call_command
        from django.db import connections
        from django.utils import timezone

        from bench import chances, conversion, counts, night, pages, people, publication, scenarios, world

        call_command("set_up", verbosity=0)
        begun = perf_counter()
        company = world.build(timezone.now())
        print(f"{world.DEALS:,} deals told in {perf_counter() - begun:.0f} s, with their people, plan and targets.")
        night.measure(company.plan.pk, timezone.localdate())
        scenarios.measure(company.plan)
        conversion.measure(company)
        counts.measure(company)
        pages.measure(company)
        people.measure(company)
        publication.measure(company.plan)
        chances.measure(company.plan)
        connections.close_all()


if __name__ == "__main__":
    main()
