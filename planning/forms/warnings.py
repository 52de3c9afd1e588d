"""What a person types about a warning."""

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from planning.models import ConversionWarning
from teams.models import User


def _day(label: Any, **options: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **options)


def _note(*, required: bool = False, label: Any = None) -> forms.CharField:
    return forms.CharField(
        label=label or _("Note"), required=required, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )


class WarningForm(forms.Form):
    """Every form carries the version that was looked at."""

    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)

    prefix_id = "warning"

    def __init__(self, data: QueryDict | None = None, *, warning: ConversionWarning, user: User) -> None:
        self.start: dict[str, Any] = {"version": warning.version}
        super().__init__(data, initial=self.start, auto_id=f"{self.prefix_id}-%s")
        self.offer(user, warning)

    def offer(self, user: User, warning: ConversionWarning) -> None:
        """Fill what depends on the person and the warning."""


class AcknowledgeForm(WarningForm):
    prefix_id = "acknowledge"
    note = _note()


class AssignForm(WarningForm):
    prefix_id = "assign"
    owner = forms.ModelChoiceField(User.objects.none(), label=_("Person in charge"))
    due_date = _day(_("Due on"), required=False)
    note = _note()

    def offer(self, user: User, warning: ConversionWarning) -> None:
        people = User.objects.active().visible_to(user).order_by("name", "pk")
        self.fields["owner"].queryset = people  # type: ignore[attr-defined]  # a ModelChoiceField, see above
        self.start |= {"owner": warning.owner_id, "due_date": warning.due_date}


class SnoozeForm(WarningForm):
    prefix_id = "snooze"
    snoozed_until = _day(_("Put off until"))
    note = _note()


class CloseForm(WarningForm):
    prefix_id = "close"
    note = _note(required=True, label=_("Reason"))


class ReopenForm(WarningForm):
    prefix_id = "reopen"
