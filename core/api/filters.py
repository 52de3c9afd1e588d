"""Filtering that says no to what it does not understand: a filter that is misspelt must not return everything."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.db.models import Q, QuerySet
from django.forms import CharField, ChoiceField, Field, IntegerField, MultipleChoiceField, Select
from django.forms.models import ModelMultipleChoiceField
from django.utils.translation import gettext as _
from django_filters import BooleanFilter, CharFilter, FilterSet, NumberFilter
from django_filters.fields import MultipleChoiceField as OwnMultipleChoiceField
from django_filters.rest_framework import DjangoFilterBackend
from django_filters.widgets import SuffixedMultiWidget
from rest_framework.request import Request

from core.api.pages import PARAMETERS
from core.errors import Invalid, Problem

if TYPE_CHECKING:
    from rest_framework.views import APIView  # which imports the classes that settings name, this one among them

LONGEST_SEARCH, MOST_WORDS = 100, 8


class StrictFilters(DjangoFilterBackend):
    """Filters lists by the view's FilterSet. An unknown, repeated or NUL-bearing parameter is refused with 400."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: "APIView") -> QuerySet[Any]:
        if is_detail(view):
            check_query(request, getattr(view, "query_parameters", ()))
            return queryset
        filterset: FilterSet | None = self.get_filterset(request, queryset, view)
        fields: dict[str, Field] = filterset.form.fields if filterset is not None else {}
        single, multiple = _names(fields)
        paged = PARAMETERS if getattr(view, "paginator", None) is not None else ()
        check_query(request, [*single, *paged, *getattr(view, "query_parameters", ())], multiple)
        _check_filled(request, {name for name, field in fields.items() if isinstance(field, CharField)} | {*paged})
        filtered: QuerySet[Any] = super().filter_queryset(request, queryset, view)
        return filtered


class WholeNumberFilter(NumberFilter):
    """`?owner=7`: a key or another whole number; half a one is refused."""

    field_class = IntegerField


class _YesOrNo(ChoiceField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "choices": [("true", "true"), ("false", "false")], "widget": Select})

    def clean(self, value: Any) -> bool | None:
        chosen = super().clean(value)
        return None if chosen == "" else chosen == "true"


class YesOrNoFilter(BooleanFilter):
    """`?done=true` or `?done=false`; anything else is refused, where Django would filter nothing."""

    field_class = _YesOrNo


class SearchFilter(CharFilter):
    """`?q=two words`: every word must occur in one of the fields. At most 100 characters and 8 words."""

    def __init__(self, *fields: str, **kwargs: Any) -> None:
        super().__init__(max_length=LONGEST_SEARCH, **kwargs)
        self.search_fields = fields

    def filter(self, qs: QuerySet[Any], value: str) -> QuerySet[Any]:
        words = re.split(r"\s+", value.strip()) if value else []
        if len(words) > MOST_WORDS:
            message = _("Search for at most %(most)s words.") % {"most": MOST_WORDS}
            raise Invalid(message, problems=[Problem(str(self.field_name or "q"), message, "too_many_words")])
        for word in filter(None, words):
            found = Q()
            for field in self.search_fields:
                found |= Q(**{f"{field}__icontains": word})
            qs = qs.filter(found)
        return qs


def check_query(request: Request, single: Iterable[str], multiple: Iterable[str] = ()) -> None:
    """Refuse query parameters that are unknown, given twice though single, or hold a NUL. :raises Invalid: naming each"""
    once, many = set(single), set(multiple)
    problems = []
    for name, values in request.query_params.lists():
        if name not in once | many:
            problems.append(Problem(name.replace("\0", ""), _("There is no such parameter."), "unknown_parameter"))
        elif len(values) > 1 and name not in many:
            problems.append(Problem(name, _("Give this parameter once."), "repeated_parameter"))
        elif any("\0" in value for value in values):
            problems.append(Problem(name, _("This holds a NUL."), "bad_text"))
    if problems:
        raise Invalid(_("The address has parameters that cannot be understood."), problems=problems)


def _check_filled(request: Request, texts: set[str]) -> None:
    """Refuse an empty value where none is a text: `?owner=` asks for nobody's and would get everybody's."""
    empty = [name for name, value in request.query_params.items() if not value and name not in texts]
    if empty:
        message = _("Give a value, or leave the parameter out.")
        problems = [Problem(name, message, "empty_parameter") for name in empty]
        raise Invalid(_("The address has parameters that cannot be understood."), problems=problems)


def is_detail(view: "APIView") -> bool:
    """Tell whether a view answers for one thing, named in its address."""
    key = getattr(view, "lookup_url_kwarg", None) or getattr(view, "lookup_field", "")
    return key in view.kwargs


def _names(fields: dict[str, Field]) -> tuple[list[str], list[str]]:
    """Return the parameters that the filters read: those to be given once, and those that may be repeated."""
    single: list[str] = []
    multiple: list[str] = []
    for name, field in fields.items():
        if isinstance(field.widget, SuffixedMultiWidget):
            single += [field.widget.suffixed(name, suffix) for suffix in field.widget.suffixes]
        elif isinstance(field, MultipleChoiceField | ModelMultipleChoiceField | OwnMultipleChoiceField):
            multiple.append(name)
        else:
            single.append(name)
    return single, multiple
