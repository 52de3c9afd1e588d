"""The input of a spread over those below, of the higher levels of a target, and of the policy of over-assignment."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import lazystr
from django.utils.translation import gettext_lazy as _

from planning.queries.assignment import Span
from planning.queries.cascades import Bound, MonthShape, Share, SpotWish, Wish
from planning.queries.weights import Method

from .amounts import NOT_AN_AMOUNT, AmountField

LARGEST = Decimal("9999999999999.99")
BUCKETS = ("A", "B", "C", "D")
_PERCENT = re.compile(r"-?[0-9]{1,3}(?:\.[0-9]{1,2})?")


class PercentField(forms.CharField):
    """Per cent as people type it, with or without the sign. Clean data: a Decimal, or None where nothing was typed."""

    def __init__(self, *, least: int = 0, most: int = 300, **options: Any) -> None:
        super().__init__(max_length=10, **options)
        self.least, self.most = least, most
        self.widget.attrs.update(inputmode="decimal", autocomplete="off")
        self.widget.attrs["class"] = "num"

    def to_python(self, value: Any) -> Any:
        text = str(super().to_python(value)).replace("−", "-").rstrip("%％ ").strip()
        if not text:
            return None
        if not _PERCENT.fullmatch(text):
            raise ValidationError(_("Enter per cent, for example 105 or 2.5."), code="not_a_percent")
        return Decimal(text)

    def validate(self, value: Any) -> None:
        if value is None and self.required:
            raise ValidationError(self.error_messages["required"], code="required")
        if value is not None and not self.least <= value <= self.most:
            message = _("Enter per cent between %(least)s and %(most)s.")
            raise ValidationError(message, code="out_of_range", params={"least": self.least, "most": self.most})

    def run_validators(self, value: Any) -> None:
        """Length and NUL validators are about text; what remains here is a number."""

    def prepare_value(self, value: Any) -> Any:
        return f"{value.normalize():f}" if isinstance(value, Decimal) else value


class BoundField(AmountField):
    """A floor or cap: an amount, or per cent of the even share where a % follows. Clean data: `Bound` or None."""

    def __init__(self, **options: Any) -> None:
        super().__init__(largest=LARGEST, required=False, **options)

    def to_python(self, value: Any) -> Any:
        text = str(value or "").strip()
        if not text.endswith(("%", "％")):
            amount = super().to_python(text)
            return None if amount is None else Bound(amount=amount)
        text = text.rstrip("%％ ")
        if text.startswith("-") or not _PERCENT.fullmatch(text):
            raise ValidationError(NOT_AN_AMOUNT, code="not_an_amount")
        return Bound(percent=Decimal(text))

    def validate(self, value: Any) -> None:
        super().validate(value.amount if value else None)


class CascadeForm(forms.Form):
    """How a target is spread. Clean data: `wish`, and `seen`, the versions of the rows that the person looked at."""

    method = forms.ChoiceField(label=_("Method"), choices=Method.choices)
    percent = PercentField(label=_("Spread of the target (%)"))
    floor = BoundField(label=_("Nobody below"), help_text=_("An amount, or per cent of the even share: 80%"))
    cap = BoundField(label=_("Nobody above"), help_text=_("An amount, or per cent of the even share: 150%"))
    shape = forms.ChoiceField(label=_("Months"), choices=MonthShape.choices)
    deep = forms.BooleanField(label=_("All the way down to the people"), required=False)
    fill = forms.BooleanField(label=_("Whoever has no full quota gets the mean of the unit"), required=False)
    seen = forms.JSONField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, shares: Sequence[Share], **options: Any) -> None:
        super().__init__(*args, **options)
        self.spots = [share.spot.key for share in shares if share.may_set]
        for place, name in enumerate(BUCKETS, 1):
            label = lazystr(_("Name of bucket %(number)s") % {"number": place})
            self.fields[f"name_{place}"] = forms.CharField(label=label, max_length=40, required=False, initial=name)
            self.fields[f"share_{place}"] = PercentField(
                label=lazystr(_("Share of bucket %(number)s (%%)") % {"number": place}), most=100, required=False
            )
        for share in shares:
            if not share.may_set:
                continue
            key, facts = share.spot.key, {"name": share.spot.name}
            self.fields[f"weight_{key}"] = AmountField(
                label=_("Weight of %(name)s") % facts, largest=LARGEST, required=False
            )
            self.fields[f"bucket_{key}"] = forms.ChoiceField(
                label=_("Bucket of %(name)s") % facts,
                choices=[("", "–"), *((str(place), name) for place, name in enumerate(BUCKETS, 1))],
                required=False,
            )
            self.fields[f"floor_{key}"] = BoundField(label=_("Floor of %(name)s") % facts)
            self.fields[f"cap_{key}"] = BoundField(label=_("Cap of %(name)s") % facts)
            self.fields[f"keep_{key}"] = forms.CharField(
                label=_("Why %(name)s keeps the amount") % facts,
                max_length=400,
                required=False,
                initial=share.spot.kept_reason,
            )

    def clean_seen(self) -> dict[str, int]:
        seen = self.cleaned_data["seen"] or {}
        if not isinstance(seen, dict) or not all(type(number) is int for number in seen.values()):
            raise ValidationError(_("Look at the proposal again."), code="seen")
        return seen

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        names = {str(place): cleaned[f"name_{place}"] or BUCKETS[place - 1] for place in range(1, len(BUCKETS) + 1)}
        shares = {names[place]: cleaned[f"share_{place}"] for place in names if cleaned[f"share_{place}"] is not None}
        wish = Wish(
            method=Method(cleaned["method"]),
            percent=cleaned["percent"],
            deep=cleaned["deep"],
            fill=cleaned["fill"],
            shape=MonthShape(cleaned["shape"]),
            floor=cleaned["floor"],
            cap=cleaned["cap"],
            buckets=shares,
            spots={
                key: SpotWish(
                    weight=cleaned[f"weight_{key}"],
                    bucket=names.get(cleaned[f"bucket_{key}"], ""),
                    floor=cleaned[f"floor_{key}"],
                    cap=cleaned[f"cap_{key}"],
                    keep=cleaned[f"keep_{key}"].strip(),
                )
                for key in self.spots
            },
        )
        return {"wish": wish, "seen": cleaned["seen"]}


class LevelsForm(forms.Form):
    """Stretch and challenge of a target's year, as totals or as per cent above it. Clean data: `stretch`, `challenge`."""

    stretch = forms.CharField(label=_("Stretch"), required=False, max_length=40)
    challenge = forms.CharField(label=_("Challenge"), required=False, max_length=40)
    lock_version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def __init__(self, *args: Any, total: Decimal | None, **options: Any) -> None:
        super().__init__(*args, **options)
        self.total = total
        for name in ("stretch", "challenge"):
            self.fields[name].widget.attrs.update({"inputmode": "decimal", "autocomplete": "off", "class": "num"})
            self.fields[name].help_text = _("A total, or per cent above the target: +20%. Empty: none.")

    def _total(self, name: str) -> Decimal | None:
        text = str(self.cleaned_data[name]).strip()
        if not text:
            return None
        if text.endswith(("%", "％")):
            rate = text.rstrip("%％ ").lstrip("+")
            if rate.startswith("-") or not _PERCENT.fullmatch(rate):
                raise ValidationError(NOT_AN_AMOUNT, code="not_an_amount")
            total = (self.total or Decimal(0)) * (100 + Decimal(rate)) / 100
            return total.quantize(Decimal("0.01"))
        amount: Decimal | None = AmountField(largest=LARGEST).clean(text)
        return amount

    def clean_stretch(self) -> Decimal | None:
        return self._total("stretch")

    def clean_challenge(self) -> Decimal | None:
        return self._total("challenge")


class SpanForm(forms.Form):
    """What may be planned below a unit of each level, in per cent of its target. Clean data: `levels`."""

    def __init__(self, *args: Any, spans: Sequence[Span], **options: Any) -> None:
        super().__init__(*args, **options)
        self.levels = [span.level for span in spans]
        for span in spans:
            facts = {"level": span.label}
            self.fields[f"{span.level}_least"] = PercentField(
                label=_("%(level)s: at least (%%)") % facts, least=-100, most=200, initial=span.least
            )
            self.fields[f"{span.level}_most"] = PercentField(
                label=_("%(level)s: at most (%%)") % facts, least=-100, most=200, initial=span.most
            )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        return {"levels": {level: (cleaned[f"{level}_least"], cleaned[f"{level}_most"]) for level in self.levels}}
