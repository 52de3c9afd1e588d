"""
Putting a version into force: every sum is taken under the lock that edits share, and kept with who did it.

Two statements, whatever the number of targets: one holds them against what was approved, one writes the balance of every unit.
"""

from decimal import Decimal

from django.db import connection
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from core.transactions import within_transaction
from planning.models import MONTHS, Metric, PlanVersion, Publication, Submission
from planning.queries.assignment import spans
from teams.models import User

from .refusals import NotAsApproved

_OTHER_THAN_APPROVED = f"""
SELECT count(*)
FROM (SELECT id, ARRAY[{", ".join(MONTHS)}] AS months FROM planning_target WHERE version_id = %(version)s) target
FULL JOIN (SELECT target_id, months FROM planning_submittedtarget WHERE submission_id = %(submission)s) approved
  ON approved.target_id = target.id
WHERE approved.target_id IS NULL OR target.id IS NULL OR approved.months <> target.months
"""  # noqa: S608  # columns of ours
_SUMS = ", ".join(f"sum({month}) AS {month}" for month in MONTHS)
_SAME = " AND ".join(
    f"below.{column} IS NOT DISTINCT FROM parent.{column}"
    for column in ("metric_id", "product_id", "region_id", "tier")
)
_BALANCES = f"""
INSERT INTO planning_publishedbalance
    (publication_id, unit_id, metric_id, product_id, region_id, tier, below, asked, planned, unallocated)
WITH placed AS (
    SELECT target.*, COALESCE(unit.parent_id, member.unit_id) AS above
    FROM planning_target target
    LEFT JOIN teams_orgunit unit ON unit.id = target.unit_id
    LEFT JOIN teams_membership member
      ON member.user_id = target.person_id AND member.valid_from <= %(day)s
     AND (member.valid_to IS NULL OR member.valid_to > %(day)s)
    WHERE target.version_id = %(version)s AND (target.metric_id IS NULL OR NOT target.metric_id = ANY(%(rates)s))
), below AS (
    SELECT above, metric_id, product_id, region_id, tier, count(*) AS rows, {_SUMS}
    FROM placed GROUP BY 1, 2, 3, 4, 5
)
SELECT %(publication)s, parent.unit_id, parent.metric_id, parent.product_id, parent.region_id, parent.tier, below.rows,
       ARRAY[{", ".join(f"parent.{month}" for month in MONTHS)}],
       ARRAY[{", ".join(f"below.{month}" for month in MONTHS)}],
       ARRAY[{", ".join(f"parent.{month} - below.{month}" for month in MONTHS)}]
FROM below JOIN planning_target parent ON parent.version_id = %(version)s AND parent.unit_id = below.above AND {_SAME}
"""  # noqa: S608  # columns of ours


@within_transaction
def _publish(version: PlanVersion, actor: User) -> Publication:
    """
    Write down what takes effect. To be asked with the version held alone.

    :raises NotAsApproved: where a target is not what was approved, whichever way it was changed
    """
    approved = Submission.objects.filter(plan_version=version, unit=None, status=Submission.Status.APPROVED).first()
    total = " + ".join(MONTHS)
    with connection.cursor() as cursor:
        # A version of minutes ago has no statistics: without this it is taken for one row, and every row meets every other.
        cursor.execute("SET LOCAL enable_nestloop = off")
        if approved is not None:
            cursor.execute(_OTHER_THAN_APPROVED, {"submission": approved.pk, "version": version.pk})
            (others,) = cursor.fetchone()
            if others:
                raise NotAsApproved(_("%(count)d targets are not as they were approved.") % {"count": others})
        cursor.execute(
            f"SELECT count(*), COALESCE(sum({total}), 0), (now() AT TIME ZONE %s)::date "  # noqa: S608  # columns of ours
            "FROM planning_target WHERE version_id = %s",
            [version.plan.time_zone, version.pk],
        )
        rows, whole, day = cursor.fetchone()
        made = Publication.objects.create(
            version=version,
            rows=rows,
            total=whole,
            outside=0,
            published_by=actor,
            published_at=Now(),
        )
        rates = list(Metric.objects.filter(unit=Metric.Unit.PERCENT).values_list("pk", flat=True))
        cursor.execute(_BALANCES, {"version": version.pk, "publication": made.pk, "day": day, "rates": rates})
        cursor.execute("SET LOCAL enable_nestloop = on")
    made.outside = _outside(made)
    made.save(update_fields=["outside"])
    return made


def _outside(publication: Publication) -> int:
    """Count the units whose revenue below the policy of their level does not allow, from the balances just taken."""
    allowed = spans(publication.version.plan)
    plain = publication.balances.filter(metric=None, product=None, region=None, tier="")
    sums = (
        (allowed[kind], sum(asked, Decimal(0)), sum(planned, Decimal(0)))
        for kind, asked, planned in plain.values_list("unit__kind", "asked", "planned")
    )
    return sum(not span.allows(target=asked, planned=planned) for span, asked, planned in sums)
