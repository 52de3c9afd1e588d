"""What a person types about calls, visits, mails and meetings."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from customers.forms.fields import CustomerField, Form, Moment, linkable_deals, version_field
from customers.models import Activity, Customer, Deal
from teams.models import User


class ActivityForm(Form):
    """
    Something done, or something to do.

    With a deal or a customer given the form is about it; else the person says which.
    """

    kind = forms.ChoiceField(label=_("Kind"), choices=Activity.Kind.choices, widget=forms.RadioSelect)
    subject = forms.CharField(label=_("Subject"), max_length=160)
    deal = forms.ModelChoiceField(Deal.objects.none(), label=_("Deal"), required=False, empty_label=_("No deal"))
    customer = CustomerField()
    done_at = Moment(label=_("Done"))
    due_at = Moment(label=_("Due"))
    note = forms.CharField(label=_("Note"), max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(
        self,
        *args: Any,
        user: User,
        planned: bool,
        now: datetime | None = None,
        deal: Deal | None = None,
        customer: Customer | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["done_at" if planned else "due_at"]
        if not planned:
            self.fields["done_at"].initial = now
        self.fields["kind"].initial = Activity.Kind.VISIT if planned else Activity.Kind.CALL
        if deal is not None or customer is not None:
            del self.fields["deal"], self.fields["customer"]
            return
        self.fields["deal"].queryset = linkable_deals(user)
        self.fields["customer"].offer(Customer.objects.visible_to(user))
        self.fields["customer"].help_text = _("Only where it is about no deal.")


class FinishForm(Form):
    """What came of a planned activity."""

    version = version_field()
    note = forms.CharField(
        label=_("What came of it"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
