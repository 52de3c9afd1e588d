"""
Is a target share of a market SMART? The same five checks, from what is known of the market.

Specific: product line and region are in use, and somebody set it. Measurable: the market has a size, with source and day.
Achievable: the chance that own sales bring what the share means, as a target of the company for this part of its sales; of the
year alone. Relevant: the company's revenue target, of which these sales are a part. Time-bound: the year or the quarter.

Shares have no findings of their own in the tables: they are judged as things stand; what failed is kept with the hand-up.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from core.periods import add_months
from planning.models import Check, PlanVersion, SmartSettings, Target, Verdict
from teams.models import OrgUnit, User

from .market import ShareLine, share_lines
from .smart import Finding, HasFindings
from .target_chances import TargetChance, target_chances

NAME = ["Market share", "市场份额"]  # as the metrics have their names, in both languages


@dataclass(frozen=True)
class SmartShare(HasFindings):
    """One target share with its five findings, in the order S, M, A, R, T."""

    line: ShareLine
    findings: tuple[Finding, ...]
    depth = 0
    computed_at = None

    @property
    def name(self) -> str:
        period = f" · Q{self.line.quarter}" if self.line.quarter else ""
        return f"{self.line.product} · {self.line.region}{period}"


def smart_shares(*, version: PlanVersion, user: User, as_of: date) -> list[SmartShare]:
    """Return every target share of a version that a person sees. A fixed number of queries."""
    lines = [line for line in share_lines(version=version, user=user, as_of=as_of) if line.target is not None]
    if not lines:
        return []
    company = OrgUnit.objects.filter(kind=OrgUnit.Kind.COMPANY).first()
    has_total = company is not None and version.targets.plain().filter(unit=company).exists()
    asked = [_asked(line, version, company) for line in lines if company and line.means and not line.quarter]
    chances = target_chances(asked, version=version, as_of=as_of) if asked else {}
    authors = {line.target.set_by_id for line in lines if line.target}
    names = dict(User.objects.filter(pk__in=authors).values_list("pk", "name"))
    limits = SmartSettings.objects.the_one()
    return [
        SmartShare(
            line,
            tuple(
                _findings(
                    line,
                    version,
                    by=names.get(line.target.set_by_id) if line.target else None,
                    found=chances.get(_key(line)),
                    limits=limits,
                    has_total=has_total,
                )
            ),
        )
        for line in lines
    ]


def _key(line: ShareLine) -> int:
    return -line.target.pk if line.target else 0


def _asked(line: ShareLine, version: PlanVersion, company: OrgUnit) -> Target:
    """What the share means, as a target of the company; it is in no table, so its key is no target's."""
    amount = line.means or Decimal(0)
    months = {f"m{month:02}": Decimal(0) for month in range(1, 12)}
    row = Target(pk=_key(line), version=version, unit=company, product=line.product, region=line.region, **months)
    row.m12 = row.total = amount
    return row


def _findings(
    line: ShareLine,
    version: PlanVersion,
    *,
    by: str | None,
    found: TargetChance | None,
    limits: SmartSettings,
    has_total: bool,
) -> Iterator[Finding]:
    parts = (line.product, line.region)
    gone = next(([part.name, part.name_zh] for part in parts if not part.is_active), None)
    facts: dict[str, Any] = {"of": "share", "metric": NAME, "name": by, "gone": gone}
    yield Finding(Check.SPECIFIC, Verdict.FAILED if gone else Verdict.PASSED, facts)
    yield _measurable(line, version)
    yield _achievable(line, version, found, limits)
    above = "own" if has_total else "no_total"
    yield Finding(Check.RELEVANT, Verdict.PASSED if has_total else Verdict.FAILED, {"above": above})
    after = add_months(version.plan.fiscal_year.first_date, 3 * line.quarter or 12)
    until = (after - timedelta(days=1)).isoformat()
    yield Finding(Check.TIME_BOUND, Verdict.PASSED, {"empty": [], "until": until})


def _measurable(line: ShareLine, version: PlanVersion) -> Finding:
    estimate = line.estimates[0] if line.estimates else None
    facts = {
        "market": float(line.size) if line.size is not None else None,
        "currency": version.plan.currency,
        "source": estimate.source if estimate else "",
        "day": estimate.estimated_date.isoformat() if estimate else "",
        "base": line.last_year,
    }
    verdict = Verdict.FAILED if line.size is None else Verdict.UNKNOWN if line.last_year is None else Verdict.PASSED
    return Finding(Check.MEASURABLE, verdict, facts)


def _achievable(line: ShareLine, version: PlanVersion, found: TargetChance | None, limits: SmartSettings) -> Finding:
    likely = found.value if found else None
    facts = {
        "chance": likely,
        "why": found.why if found else "year_only" if line.quarter else "no_size",
        "seen": found.seen if found else 0,
        "known_within": list(found.within) if found else [0.0, 1.0],
        "growth": line.target.share / line.last_year - 1 if line.target and line.last_year else None,
        "currency": version.plan.currency,
        "stretch_below": limits.stretch_below,
        "soft_above": limits.soft_above,
    }
    if likely is None:
        return Finding(Check.ACHIEVABLE, Verdict.UNKNOWN, facts)
    is_stretch, is_soft = likely < limits.stretch_below, likely > limits.soft_above
    verdict = Verdict.STRETCH if is_stretch else Verdict.SOFT if is_soft else Verdict.PASSED
    return Finding(Check.ACHIEVABLE, verdict, facts)
