from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from config.events import thing_choices
from teams.forms.fields import PersonField
from teams.models import User


class AuditFilter(forms.Form):
    """What the audit trail is narrowed to."""

    event = forms.ChoiceField(label=_("What"), required=False)
    actor = PersonField(label=_("Who"), required=False, empty_label=_("Everybody"))
    before = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, user: User) -> None:
        super().__init__(data)
        self.fields["event"].choices = [("", _("Everything")), *thing_choices()]  # type: ignore[attr-defined]
        self.fields["actor"].queryset = User.objects.visible_to(user).order_by("name")  # type: ignore[attr-defined]
