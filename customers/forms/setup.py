"""What an administrator types about pipelines, stages and the company's other words."""

from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from customers.models import ProductLine, Region

from .fields import version_field


class NewWordForm(forms.Form):
    """A name in English and in Chinese."""

    name = forms.CharField(label=pgettext_lazy("of a thing", "Name"), max_length=80)
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=80, required=False)


class NewPartForm(NewWordForm):
    """A new product line or region, and the wider one that it is part of."""

    def __init__(self, *args: Any, kind: type[ProductLine | Region], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parent"] = _parent_field(kind)


class WordForm(NewWordForm):
    """A name, and whether it is in use; it knows from which state of the word it was made."""

    version = version_field()

    is_active = forms.BooleanField(
        label=_("In use"), required=False, help_text=_("Out of use it stays in the history and is no longer offered.")
    )

    def __init__(self, *args: Any, word: Any, **kwargs: Any) -> None:
        names = ("name", "name_zh", "is_active", "version")
        kwargs.setdefault("initial", {name: getattr(word, name) for name in names})
        super().__init__(*args, **kwargs)
        if isinstance(word, ProductLine | Region):
            self.fields["parent"] = _parent_field(type(word), but=word)
            self.initial.setdefault("parent", word.parent_id)


def _parent_field(kind: type[ProductLine | Region], *, but: ProductLine | Region | None = None) -> forms.Field:
    """Return the field that says what a word is part of: any other of its kind in use, and the one it is part of now."""
    rows = kind._default_manager.all()
    offered = rows.filter(is_active=True)
    if but is not None:
        offered = rows.filter(Q(is_active=True) | Q(pk=but.parent_id)).exclude(pk=but.pk)
    said = _("Figures and targets of a wider one hold those of its parts.")
    return forms.ModelChoiceField(offered, label=_("Part of"), required=False, help_text=said)


class PlaceForm(forms.Form):
    """Where a stage was seen to stand, and which way it is to go."""

    position = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    way = forms.ChoiceField(choices=[("up", ""), ("down", "")])
