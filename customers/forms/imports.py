"""What a person says about a file: where it is from, what its columns and words mean, and whether it may come in."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.errors import DomainError
from customers import policies, services
from customers.intake import Field, fields_of, guess_kind
from customers.models import ImportFile, Pipeline
from customers.queries import imports as queries
from teams.models import OrgUnit, User

NEW = "new"
_NOT_IN_FILE = _("not in the file")


class UploadForm(forms.Form):
    """A file and where it comes from."""

    file = forms.FileField(
        label=_("File"),
        help_text=_("CSV (.csv, .csv.gz) or Excel (.xlsx), with the names of the columns in the first line."),
        widget=forms.FileInput(attrs={"accept": ".csv,.gz,.xlsx"}),
    )
    source = forms.CharField(
        label=_("Where it comes from"),
        max_length=40,
        required=False,
        help_text=_(
            "The name of the other system, always the same: with the deal's id it tells which deals are known."
        ),
    )
    shape = forms.ChoiceField(
        label=_("What a row is"),
        required=False,
        choices=[("", _("Find out from the columns")), *ImportFile.Shape.choices],
    )


class MapForm(forms.Form):
    """
    What the columns and the words of a file mean.

    Which fields it has depends on the shape, the stage column and the pipeline that are chosen: with `look` in the data the
    form is drawn anew for the choices so far, and nothing is judged.
    """

    version = forms.IntegerField(widget=forms.HiddenInput)
    source = forms.CharField(label=_("Where it comes from"), max_length=40)
    shape = forms.ChoiceField(label=_("What a row is"), choices=ImportFile.Shape.choices)
    pipeline = forms.ChoiceField(label=pgettext_lazy("with its own stages", "Pipeline"))
    new_pipeline = forms.CharField(label=_("Name of the new pipeline"), max_length=80, required=False)
    date_order = forms.ChoiceField(
        label=_("Dates like 01/02/2026"),
        required=False,
        choices=[("", _("do not occur")), ("dmy", _("day first: 1 February")), ("mdy", _("month first: 2 January"))],
    )
    decimal_mark = forms.ChoiceField(
        label=_("Amounts are written"), required=False, choices=[(".", "1,234.50"), (",", "1.234,50")]
    )
    blank_created = forms.ChoiceField(
        label=_("Rows without a day of creation"),
        required=False,
        choices=[
            ("", _("refuse them and list them")),
            ("first", _("take the file's first day")),
            ("today", _("take the day of the import")),
        ],
    )
    owner_as = forms.ChoiceField(
        label=_("Owners are known by"),
        required=False,
        choices=[
            ("any", _("e-mail, id or name")),
            ("email", _("e-mail only")),
            ("id", _("id only")),
            ("name", _("name only")),
        ],
    )
    default_owner = forms.ChoiceField(label=_("Deals without an owner go to"), required=False)
    unit = forms.ChoiceField(label=_("Unit for owners who are new here"), required=False)
    policy = forms.ChoiceField(
        label=_("When rows have problems"), choices=ImportFile.Policy.choices, widget=forms.RadioSelect
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, file: ImportFile, user: User) -> None:
        self.file, self.user = file, user
        self.may_add = policies.can_add_what_an_import_names(user)
        looking = data is not None and "look" in data
        super().__init__(
            None if looking else data, initial={**self._known(), **(dict(data.items()) if data and looking else {})}
        )
        self.chosen_shape = str(self._now("shape") or file.shape)
        if looking and self.chosen_shape != self.initial.get("drawn_shape", self.chosen_shape):
            self._guess_again()
        self._offer_choices()
        for field in fields_of(self.chosen_shape):
            self.fields[f"col_{field.name}"] = _column_choice(field, file)
        self.words = services.stage_words(file, str(self._now("col_stage") or ""))
        self._offer_stages()

    @property
    def columns(self) -> list[tuple[forms.BoundField, list[str]]]:
        """Each field of ours with the samples of the column that it is mapped to now."""
        found = []
        for field in fields_of(self.chosen_shape):
            column = str(self._now(f"col_{field.name}") or "")
            found.append((self[f"col_{field.name}"], self.file.profile.get(column, {}).get("samples", [])))
        return found

    @property
    def stage_fields(self) -> list[tuple[str, int | None, forms.BoundField]]:
        """Each word of the stage column, how many rows say it, and what it is to mean."""
        column = str(self._now("col_stage") or "")
        counts = self.file.findings.get("stage_words") or self.file.profile.get(column, {}).get("words", {})
        return [(word, counts.get(word), self[f"stage_{number}"]) for number, word in enumerate(self.words)]

    @property
    def counted_rows(self) -> int | None:
        """Of how many rows the words are counted, where that is not the whole file."""
        facts = self.file.profile.get(str(self._now("col_stage") or ""), {})
        whole = self.file.findings or facts.get("rows", 0) >= (self.file.rows_total or 0) - 1
        return None if whole and self.file.rows_total else facts.get("rows")

    @property
    def settings(self) -> list[forms.BoundField]:
        """The choices about reading and owners that apply to this shape and this person."""
        names = ["date_order", "decimal_mark", "blank_created", "owner_as", "default_owner", "unit"]
        return [self[name] for name in names if name in self.fields]

    @property
    def makes_pipeline(self) -> bool:
        return self._now("pipeline") == NEW

    def wishes(self) -> dict[str, Any]:
        """Return what `services.map_file` is to be told. Call it on a valid form."""
        data = self.cleaned_data
        stages: dict[str, Any] = {}
        for number, word in enumerate(self.words):
            chosen = data[f"stage_{number}"]
            if chosen:
                stages[word] = chosen if self.makes_pipeline else int(chosen)
        choices: dict[str, Any] = {
            name: data.get(name) for name in ("date_order", "decimal_mark", "blank_created", "owner_as")
        }
        choices["default_owner"] = int(data["default_owner"]) if data.get("default_owner") else None
        if self.makes_pipeline:
            plan = _planned_stages(stages)
            names = {kind: name for name, _zh, kind in plan if kind != "open"}
            choices["stages"] = {word: names.get(kind, word) for word, kind in stages.items()}
            choices["new_pipeline"] = {"name": data["new_pipeline"].strip(), "stages": plan}
        else:
            choices["stages"] = stages
        return {
            "version": data["version"],
            "source": data["source"],
            "shape": self.chosen_shape,
            "mapping": {field.name: data[f"col_{field.name}"] for field in fields_of(self.chosen_shape)},
            "choices": choices,
            "pipeline": None if self.makes_pipeline else Pipeline.objects.get(pk=data["pipeline"]),
            "unit": OrgUnit.objects.get(pk=data["unit"]) if data.get("unit") else None,
            "policy": data["policy"],
        }

    def carried_out(self) -> ImportFile | None:
        """Map the file; a refusal becomes an error of the field concerned."""
        try:
            return services.map_file(file=self.file, actor=self.user, **self.wishes())
        except DomainError as refusal:
            for problem in refusal.problems:
                name = f"col_{problem.field}" if f"col_{problem.field}" in self.fields else problem.field
                self.add_error(name if name in self.fields else None, problem.message)
            if not refusal.problems:
                self.add_error(None, refusal.message)
            return None

    def _known(self) -> dict[str, Any]:
        """Return what is known so far: what was saved, remembered or guessed."""
        file, choices = self.file, self.file.choices
        plan = choices.get("new_pipeline") or {}
        known = {
            "version": file.version,
            "source": file.source,
            "shape": file.shape,
            "policy": file.policy,
            "pipeline": NEW if plan and not file.pipeline_id else str(file.pipeline_id or self._likely_pipeline()),
            "new_pipeline": plan.get("name") or file.source,
            "unit": file.unit_id or (self._company() if self.may_add else ""),
            "default_owner": choices.get("default_owner") or ("" if self.may_add else self.user.pk),
            "owner_as": choices.get("owner_as") or "any",
            **{name: choices.get(name) or "" for name in ("date_order", "decimal_mark", "blank_created")},
        }
        known["decimal_mark"] = known["decimal_mark"] or "."
        return known | {f"col_{name}": column for name, column in file.mapping.items()}

    def _likely_pipeline(self) -> int | str:
        """Return the pipeline of which most words of the file are stages; a new one where none knows half of them."""
        words = services.stage_words(self.file, self.file.mapping.get("stage", ""))
        best: tuple[int, int | str] = (0, "")
        for pipeline in Pipeline.objects.filter(is_active=True):
            fits = len(queries.guessed_stages(pipeline, words))
            if not best[1] or fits > best[0]:
                best = (fits, pipeline.pk)
        return NEW if self.may_add and best[0] * 2 < len(words) else best[1] or (NEW if self.may_add else "")

    def _company(self) -> int | str:
        """Return the company as a unit: where people who are new go unless somebody says otherwise."""
        return OrgUnit.objects.filter(kind=OrgUnit.Kind.COMPANY).values_list("pk", flat=True).first() or ""

    def _now(self, name: str) -> Any:
        """Return what is chosen at the moment: sent, or shown."""
        return self.data.get(name) if self.is_bound else self.initial.get(name)

    def _guess_again(self) -> None:
        """Map the columns anew after the shape changed."""
        mapping = services.guessed_mapping(self.file, self.chosen_shape)
        for field in fields_of(self.chosen_shape):
            self.initial[f"col_{field.name}"] = mapping.get(field.name, "")

    def _offer_choices(self) -> None:
        pipelines = [(str(pipeline.pk), str(pipeline)) for pipeline in Pipeline.objects.filter(is_active=True)]
        if self.may_add:
            pipelines.append((NEW, str(_("A new one, from the file's stages"))))
        self._choices("pipeline", pipelines)
        people = User.objects.visible_to(self.user).active().order_by("name").values_list("pk", "name")
        nobody = [] if not self.may_add and len(people) == 1 else [("", str(_("nobody: refuse such rows")))]
        self._choices("default_owner", [*nobody, *((str(pk), name) for pk, name in people)])
        if self.may_add:
            units = OrgUnit.objects.visible_to(self.user).order_by("name").values_list("pk", "name")
            self._choices("unit", [("", str(_("none"))), *((str(pk), name) for pk, name in units)])
        else:
            del self.fields["unit"]
        if not self.makes_pipeline:
            del self.fields["new_pipeline"]
        else:
            self.fields["new_pipeline"].required = True
        if self.chosen_shape != ImportFile.Shape.DEALS:
            del self.fields["blank_created"]
        self.fields["shape"].widget.attrs["data-look"] = ""
        self.fields["pipeline"].widget.attrs["data-look"] = ""

    def _offer_stages(self) -> None:
        """Offer a meaning for each word of the stage column: a stage of the pipeline, or the kind of a new one."""
        saved: Mapping[str, Any] = self.file.choices.get("stages", {})
        if self.makes_pipeline:
            options = [("open", str(_("an open stage of this name"))), ("won", str(_("won"))), ("lost", str(_("lost")))]
            likely: Mapping[str, Any] = {word: guess_kind(word) for word in self.words}
            saved = {}
        else:
            pipeline = Pipeline.objects.filter(pk=int(self._now("pipeline") or 0)).first()
            stages = list(pipeline.stages.in_use()) if pipeline else []
            options = [("", str(_("not chosen: refuse such rows"))), *((str(stage.pk), str(stage)) for stage in stages)]
            likely = queries.guessed_stages(pipeline, self.words) if pipeline else {}
            saved = {word: key for word, key in saved.items() if key in {stage.pk for stage in stages}}
        for number, word in enumerate(self.words):
            name = f"stage_{number}"
            self.fields[name] = forms.ChoiceField(label=word, choices=options, required=False)
            self.initial[name] = str(saved.get(word) or likely.get(word) or "")

    def _choices(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  # declared above
        field.choices = choices


class StartForm(forms.Form):
    """Whether a checked file may come in, and how strictly."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    policy = forms.ChoiceField(choices=ImportFile.Policy.choices)


class ActForm(forms.Form):
    """An act on an import as it was seen."""

    version = forms.IntegerField(widget=forms.HiddenInput)


def _column_choice(field: Field, file: ImportFile) -> forms.ChoiceField:
    attributes = {"data-look": ""} if field.name == "stage" else {"data-column": ""}
    return forms.ChoiceField(
        label=str(field.label),
        help_text=str(field.help),
        required=field.required,
        choices=[("", str(_NOT_IN_FILE)), *((column, column) for column in file.header)],
        widget=forms.Select(attrs=attributes),
    )


def _planned_stages(kinds: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Return the stages of the new pipeline, as the words were said to mean."""
    plan = services.new_stages([word for word, kind in kinds.items() if kind == "open"])
    won = next((word for word, kind in kinds.items() if kind == "won"), None)
    lost = next((word for word, kind in kinds.items() if kind == "lost"), None)
    said = {"won": won, "lost": lost}
    return [(said.get(kind) or name, name_zh, kind) for name, name_zh, kind in plan]
