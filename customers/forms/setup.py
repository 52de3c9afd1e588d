"""What an administrator types about pipelines, stages and the company's other words."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from .fields import version_field


class NewWordForm(forms.Form):
    """A name in English and in Chinese."""

    name = forms.CharField(label=pgettext_lazy("of a thing", "Name"), max_length=80)
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=80, required=False)


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


class PlaceForm(forms.Form):
    """Where a stage was seen to stand, and which way it is to go."""

    position = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    way = forms.ChoiceField(choices=[("up", ""), ("down", "")])
