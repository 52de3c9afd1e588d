"""The input of a target: months as amounts or shares, a total and how to spread it, and what it grows from."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from core.templatetags.formats import money_full, month_name, percent
from planning.models import MONTHS, BaseSource, Target

from .amounts import AmountField
from .ladders import RateField

SHARES = tuple(f"p{month[1:]}" for month in MONTHS)  # p01 … p12: the per cent of the year beside m01 … m12
STEP = Decimal("0.0001")  # the finest per cent that is read and shown


class ShareField(RateField):
    """A share of the year in per cent, 0 to 100 with at most four decimals. Clean data: the per cent, or None."""

    def validate(self, value: Any) -> None:
        if value is None and self.required:
            raise ValidationError(_("Blank is not zero: enter a share, or 0."), code="required")
        if value is not None and (not 0 <= value <= 100 or value != value.quantize(STEP)):
            raise ValidationError(_("A share is between 0 and 100 % with at most four decimals."), code="out_of_range")


class _Row(forms.Form):
    lock_version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class MonthsForm(_Row):
    """
    Months in fiscal order, as amounts (m01 …) or as per cent of the year (p01 …).

    :param only: the months that are asked for; all twelve unless given
    Clean data: `amounts` and `shares` (fractions) by month, `reason`, `lock_version`.
    """

    def __init__(
        self,
        *args: Any,
        months: Sequence[date],
        only: Sequence[str] = MONTHS,
        target: Target | None = None,
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        for place, (name, month) in enumerate(zip(MONTHS, months, strict=True)):
            label = month_name(month, "year")
            if name in only:
                self.fields[name] = AmountField(label=label, help_text=_share_told(target, name))
            if SHARES[place] in only:
                told = money_full(getattr(target, name), target.version.plan.currency) if target else ""
                self.fields[SHARES[place]] = ShareField(label=f"{label} (%)", help_text=told)
            if target is not None and place < target.version.closed_months:
                for shown in self.fields.keys() & {name, SHARES[place]}:
                    self.fields[shown].widget.attrs["readonly"] = True
                    self.fields[shown].help_text = _("over, stays as it was")
        self.fields["reason"] = forms.CharField(
            label=_("Why you set them by hand"),
            required=False,
            max_length=200,
            help_text=_("Kept with the months that you change, and shown to everybody who sees the target."),
        )

    @property
    def month_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name in MONTHS or name in SHARES]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        return {
            "amounts": {name: cleaned[name] for name in MONTHS if name in cleaned},
            "shares": {
                month: cleaned[share] / 100 for month, share in zip(MONTHS, SHARES, strict=True) if share in cleaned
            },
            "reason": cleaned["reason"].strip(),
            "lock_version": cleaned["lock_version"],
        }


def _share_told(target: Target | None, month: str) -> str:
    """Say how much of the year a month is; nothing where the year is nothing."""
    if target is None or not target.total:
        return ""
    return str(_("%(share)s of the year")) % {"share": percent(getattr(target, month) / target.total, 2)}


def share_of(target: Target, month: str) -> Decimal | None:
    """Return how many per cent of the year a month is, as the form shows it; None where the year is nothing."""
    return (getattr(target, month) * 100 / target.total).quantize(STEP).normalize() + 0 if target.total else None


SPREADS = [
    (Target.Split.SEASON, Target.Split.SEASON.label),
    (Target.Split.LAST_YEAR, Target.Split.LAST_YEAR.label),
    (Target.Split.EVEN, Target.Split.EVEN.label),
    (Target.Split.WORKING_DAYS, Target.Split.WORKING_DAYS.label),
    (Target.Split.MANUAL, _("In the shape the row has now")),
]


class SplitForm(_Row):
    """A total and the rule that spreads it."""

    total = AmountField(label=_("Annual target"), largest=Decimal("9999999999999.99"))
    split = forms.ChoiceField(label=_("Spread over the months"), choices=SPREADS)


class GrowthForm(_Row):
    """What a target grows from, and by how much. Clean data: `source`, `typed`, `growth` (a fraction or None), `split`."""

    source = forms.ChoiceField(
        label=_("Base"),
        choices=[
            (BaseSource.LAST_YEAR, _("What was won last year")),
            (BaseSource.TYPED, _("An amount entered here")),
            (BaseSource.NONE, _("No base")),
        ],
    )
    base = AmountField(label=_("Amount of the base"), required=False, largest=Decimal("9999999999999.99"))
    growth = RateField(
        label=_("Growth (%)"),
        required=False,
        help_text=_(
            "With a growth, the annual target follows from it. Empty: the target stays, and its growth is told."
        ),
    )
    split = forms.ChoiceField(label=_("Spread over the months"), choices=SPREADS)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        growth, typed = cleaned.pop("growth"), cleaned.pop("base")
        return {**cleaned, "typed": typed, "growth": None if growth is None else growth / 100}


class LockForm(_Row):
    locked = forms.BooleanField(required=False)


class ClearForm(_Row):
    months = forms.MultipleChoiceField(choices=[(month, month) for month in MONTHS])
