"""Who gets which part of a deal, as a person types it."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django import forms
from django.forms import BoundField
from django.utils.translation import gettext_lazy as _

from customers.forms.fields import Day, Form, version_field
from customers.models import Deal
from customers.queries.credits import Agreement
from customers.services.credits import MOST, Part
from teams.models import User


class CreditForm(Form):
    """Lines of person, share and overlay; a line without a person is left out. Clean data: `parts`, `valid_from`, `reason`."""

    version = version_field()
    valid_from = Day(
        label=_("Holds from"),
        required=False,
        help_text=_("Empty: since the deal began. What is won before that day stays as it was agreed before."),
    )
    reason = forms.CharField(label=_("Reason"), max_length=200, required=False)

    def __init__(self, *args: Any, user: User, deal: Deal, now: Agreement | None, **kwargs: Any) -> None:
        parts = [*now.parts, *now.overlays] if now else []
        lines = [(part.person_id, part.points, part.is_overlay) for part in parts] or [(deal.owner_id, 10_000, False)]
        self.count = min(max(len(lines) + 2, 4), MOST)
        initial: dict[str, Any] = {"version": deal.version}
        for place, (person, points, overlay) in enumerate(lines):
            initial |= {f"person_{place}": person, f"share_{place}": Decimal(points) / 100, f"overlay_{place}": overlay}
        super().__init__(*args, **{"initial": initial, **kwargs})
        named = [person for person, _points, _overlay in lines]
        people = (User.objects.known_to(user).active() | User.objects.filter(pk__in=named)).distinct()
        for place in range(self.count):
            self.fields[f"person_{place}"] = forms.ModelChoiceField(
                people.order_by("name", "pk"), label=_("Person"), required=False, empty_label="–"
            )
            self.fields[f"share_{place}"] = forms.DecimalField(
                label=_("Share (%)"), required=False, min_value=0, max_value=100, max_digits=5, decimal_places=2
            )
            self.fields[f"overlay_{place}"] = forms.BooleanField(label=_("Overlay"), required=False)

    @property
    def lines(self) -> Iterator[tuple[BoundField, BoundField, BoundField]]:
        for place in range(self.count):
            yield self[f"person_{place}"], self[f"share_{place}"], self[f"overlay_{place}"]

    @property
    def others(self) -> list[BoundField]:
        return [self["valid_from"], self["reason"]]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        parts = []
        for place in range(self.count):
            person, share = given.get(f"person_{place}"), given.get(f"share_{place}")
            if person is not None and share is None and f"share_{place}" not in self.errors:
                self.add_error(f"share_{place}", _("Give a share."))
            if person is None and share:
                self.add_error(f"person_{place}", _("Choose who gets it."))
            if person is not None and share is not None:
                parts.append(Part(person, int(share * 100), is_overlay=bool(given.get(f"overlay_{place}"))))
        return {
            "version": given.get("version"),
            "valid_from": given.get("valid_from"),
            "reason": given.get("reason", ""),
            "parts": parts,
        }
