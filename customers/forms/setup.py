"""What an administrator types about pipelines, stages and the company's other words."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class NewWordForm(forms.Form):
    """A name in English and in Chinese."""

    name = forms.CharField(label=pgettext_lazy("of a thing", "Name"), max_length=80)
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=80, required=False)


class WordForm(NewWordForm):
    """A name, and whether it is in use."""

    is_active = forms.BooleanField(
        label=_("In use"), required=False, help_text=_("Out of use it stays in the history and is no longer offered.")
    )

    def __init__(self, *args: Any, word: Any, **kwargs: Any) -> None:
        names = ("name", "name_zh", "is_active")
        kwargs.setdefault("initial", {name: getattr(word, name) for name in names})
        super().__init__(*args, **kwargs)
