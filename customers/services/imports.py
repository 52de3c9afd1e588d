"""A file on its way in, as far as a person has a hand in it: hand it in, map it, start it, try again, throw it away."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

from django.conf import settings
from django.core.files import File
from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.errors import DomainError, Invalid, NotAllowed, Problem, VersionConflict
from core.tabular import open_table
from customers import policies
from customers.intake import fields_of, header_key
from customers.models import ColumnMapping, ImportFile, Pipeline
from customers.services.import_reading import guesses, profile, unpacked
from teams.models import OrgUnit, User

State = ImportFile.State


class ImportHasBegun(DomainError):
    """Lines of the file may be in already; its mapping stands."""

    code = "import_has_begun"


class ImportIsNotReady(DomainError):
    code = "import_is_not_ready"


class ProblemsStandInTheWay(DomainError):
    """The file has problems, and the policy says all or nothing."""

    code = "problems_stand_in_the_way"


def take_file(*, actor: User, upload: BinaryIO, file_name: str, source: str, shape: str = "") -> ImportFile:
    """
    Keep an uploaded file under a name of our own, look into it, and guess what its columns are.

    :param file_name: what the person calls it; only shown, never a path
    :raises UnreadableFile: not a table, damaged, or too large; nothing is kept
    """
    folder = Path(settings.MEDIA_ROOT) / "imports"
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / uuid4().hex
    try:
        with kept.open("xb") as target:
            unpacked(upload, target, name=file_name)
        return _taken(actor=actor, kept=kept, file_name=file_name, source=source, shape=shape)
    finally:
        kept.unlink(missing_ok=True)  # what is wanted stands in the storage by now


@transaction.atomic(durable=True)
def _taken(*, actor: User, kept: Path, file_name: str, source: str, shape: str) -> ImportFile:
    file = _looked_into(actor=actor, path=kept, file_name=file_name, source=source, shape=shape)
    with kept.open("rb") as content:
        lines = sum(block.count(b"\n") for block in iter(lambda: content.read(1024 * 1024), b""))
        content.seek(0)
        file.sha256 = hashlib.file_digest(content, "sha256").hexdigest()
        content.seek(0)
        suffix = "xlsx" if content.read(2) == b"PK" else "csv"
        file.rows_total = lines if suffix == "csv" else None  # roughly, for the first progress bar; the check counts
        content.seek(0)
        file.file.save(f"{uuid4().hex}.{suffix}", File(content), save=False)
    try:
        file.save()
        audit.record("customers.import.uploaded", actor=actor, subject=file, name=file.file_name, sha256=file.sha256)
    except BaseException:
        file.file.delete(save=False)
        raise
    return file


def _looked_into(*, actor: User, path: Path, file_name: str, source: str, shape: str) -> ImportFile:
    """Return an unsaved row with what a first look finds: columns, samples, and the mapping, remembered or guessed."""
    table = open_table(path)
    shape, mapping, choices = guesses(table, shape)
    remembered = (
        ColumnMapping.objects.filter(header_sha256=header_key(table.header), shape=shape, saved_by=actor)
        .order_by("-saved_at")
        .first()
    )
    if remembered is not None:
        mapping, choices = remembered.mapping, {**choices, **remembered.choices, "remembered": True}
    name = Path(file_name.replace("\\", "/")).name[:200]
    return ImportFile(
        uploaded_by=actor,
        file_name="".join(character for character in name if character.isprintable()) or "file",
        source=source.strip()[:40] or Path(name).stem[:40] or "file",
        shape=shape,
        mapping=mapping,
        choices=choices,
        header=list(table.header),
        profile=profile(table),
    )


look_into_file = _looked_into  # a dry run keeps nothing: it looks, and judges the unsaved row


def check_mapping(*, file: ImportFile, mapping: Mapping[str, str], shape: str) -> None:
    """Refuse a mapping that lacks what is needed or names what is not there. :raises Invalid:"""
    problems = [
        Problem(field.name, _("Choose the column that holds this."), "required")
        for field in fields_of(shape)
        if field.required and not mapping.get(field.name)
    ]
    problems += [
        Problem(name, _("The file has no such column."), "unknown_column")
        for name, column in mapping.items()
        if column and column not in file.header
    ]
    if problems:
        raise Invalid(_("Some columns are not assigned yet."), problems=problems)


@transaction.atomic(durable=True)
def map_file(
    *,
    file: ImportFile,
    version: int,
    actor: User,
    source: str,
    shape: str,
    mapping: Mapping[str, str],
    choices: Mapping[str, Any],
    pipeline: Pipeline | None,
    unit: OrgUnit | None,
    policy: str,
) -> ImportFile:
    """
    Say what the columns mean, and have the file checked in the background.

    The mapping is remembered for the next file with this head line.

    :param choices: date_order, decimal_mark, blank_created, owner_as, default_owner, `stages` (word → key of our stage, or
        name of a new one), and `new_pipeline` ({name, stages}) where `pipeline` is None
    :raises VersionConflict, ImportHasBegun, Invalid: where a needed column is not assigned, or no stage to a word
    :raises NotAllowed: where a pipeline or people would be added by somebody who may not
    """
    file = _current(file, version)
    if file.has_begun:
        raise ImportHasBegun(_("This import has begun; its mapping stands."))
    mapping = {name: column for name, column in mapping.items() if column}
    check_mapping(file=file, mapping=mapping, shape=shape)
    if pipeline is None:
        check_new_pipeline(actor=actor, plan=choices.get("new_pipeline"))
    if not policies.can_add_what_an_import_names(actor):
        unit = None
    file.source, file.shape, file.mapping, file.choices = source.strip()[:40], shape, mapping, dict(choices)
    file.pipeline, file.unit, file.policy = pipeline, unit, policy
    file.state, file.findings, file.lines_looked_at, file.attempts_without_progress = State.CHECKING, {}, 0, 0
    file.version += 1
    file.save()
    remembered = {name: value for name, value in file.choices.items() if name in _REMEMBERED}
    ColumnMapping.objects.update_or_create(
        header_sha256=header_key(file.header),
        shape=shape,
        saved_by=actor,
        defaults={"mapping": mapping, "choices": remembered},
    )
    audit.record("customers.import.mapped", actor=actor, subject=file, mapping=mapping, source=file.source)
    return file


_REMEMBERED = {"date_order", "decimal_mark", "blank_created", "owner_as"}


def check_new_pipeline(*, actor: User, plan: Mapping[str, Any] | None) -> None:
    """Refuse a pipeline that cannot be made. :raises NotAllowed, Invalid:"""
    if not plan or not str(plan.get("name", "")).strip():
        raise Invalid(
            _("Choose a pipeline."), problems=[Problem("pipeline", _("Choose one, or name a new one."), "required")]
        )
    if not policies.can_add_what_an_import_names(actor):
        raise NotAllowed(_("Only administrators and plan owners add pipelines."))
    if Pipeline.objects.filter(name__iexact=plan["name"].strip()).exists():
        raise Invalid(
            _("There is such a pipeline."), problems=[Problem("new_pipeline", _("This name is taken."), "taken")]
        )


@transaction.atomic(durable=True)
def start_import(*, file: ImportFile, version: int, actor: User, policy: str) -> ImportFile:
    """
    Let a checked file come in, in the background.

    :raises VersionConflict, ImportIsNotReady, ProblemsStandInTheWay:
    """
    file = _current(file, version)
    if file.state != State.CHECKED:
        raise ImportIsNotReady(_("This file is not checked yet, or has been started already."))
    if policy == ImportFile.Policy.ALL and file.findings.get("problems"):
        raise ProblemsStandInTheWay(
            _("The file has problems. Mend it and hand it in again, or let the good rows come in alone.")
        )
    file.policy, file.state = policy, State.QUEUED
    file.attempts_without_progress, file.lines_looked_at = 0, 0
    file.version += 1
    file.save()
    audit.record("customers.import.started", actor=actor, subject=file, policy=policy)
    return file


@transaction.atomic(durable=True)
def retry_import(*, file: ImportFile, version: int, actor: User) -> ImportFile:
    """Go on with an import that failed, after the last line that came in. :raises VersionConflict, ImportIsNotReady:"""
    file = _current(file, version)
    if file.state != State.FAILED:
        raise ImportIsNotReady(_("This import did not fail."))
    file.state = State.RUNNING if file.next_line else State.QUEUED if file.findings else State.CHECKING
    file.attempts_without_progress, file.error, file.finished_at = 0, "", None
    file.version += 1
    file.save()
    audit.record("customers.import.retried", actor=actor, subject=file)
    return file


@transaction.atomic(durable=True)
def discard_import(*, file: ImportFile, version: int, actor: User) -> ImportFile:
    """Throw away a file of which nothing came in. :raises VersionConflict, ImportHasBegun:"""
    file = _current(file, version)
    if file.next_line or file.state in (State.QUEUED, State.RUNNING, State.DONE):
        raise ImportHasBegun(_("Rows of this file may be in; it stays as their record."))
    audit.record("customers.import.discarded", actor=actor, subject=file, name=file.file_name)
    name, storage = file.file.name, file.file.storage
    file.delete()
    if name:
        transaction.on_commit(lambda: storage.delete(name))
    return file


def _current(file: ImportFile, version: int) -> ImportFile:
    """Lock the row. :raises VersionConflict: unless it is still the version that was read"""
    current = ImportFile.objects.select_for_update(of=("self",)).select_related("pipeline").get(pk=file.pk)
    if current.version != version:
        raise VersionConflict(current=current.version, state=current.state)
    return current
