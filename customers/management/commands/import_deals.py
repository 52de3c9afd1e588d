"""The command line's way to bring deals in: the same check, the same import, with its progress on the screen."""

import sys
import time
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.errors import DomainError
from customers import services
from customers.intake import FIELDS_BY_NAME, Finding, note_sentence, sentence
from customers.models import ImportFile, ImportProblem, Pipeline
from customers.queries import imports as queries
from teams import services as team_services
from teams.models import Capability, OrgUnit, User

SHOWN_PROBLEMS = 20


class Command(BaseCommand):
    help = "Import deals from CSV (.csv, .csv.gz) or XLSX. Run it again after an interruption: it goes on where it stopped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--shape", choices=ImportFile.Shape.values, default="", help="guessed from the columns")
        parser.add_argument("--source", default="", help="name of the other system (default: the file's name)")
        parser.add_argument("--pipeline", default="", help="name of the pipeline (default: the first one)")
        parser.add_argument("--new-stages", action="store_true", help="make the pipeline from the file's stages")
        parser.add_argument("--policy", choices=ImportFile.Policy.values, default=ImportFile.Policy.ALL)
        parser.add_argument("--map", nargs="*", default=[], metavar="OURS=THEIRS", help="which column holds a field")
        parser.add_argument("--stage", nargs="*", default=[], metavar="THEIRS=OURS", help="which stage a word means")
        parser.add_argument("--unit", default="", help="unit for owners who are new here (default: the company)")
        parser.add_argument(
            "--new-unit", default="", help="the same, and make it a team of the company if it is missing"
        )
        parser.add_argument("--owner-as", choices=["any", "email", "id", "name"], default="any")
        parser.add_argument("--owner", default="", metavar="EMAIL", help="who takes deals that name no owner")
        parser.add_argument("--blank-created", choices=["refuse", "first", "today"], default="refuse")
        parser.add_argument("--date-order", choices=["dmy", "mdy"], default="")
        parser.add_argument("--decimal-mark", choices=[".", ","], default="")
        parser.add_argument(
            "--as", dest="actor", default="", metavar="EMAIL", help="in whose name (default: an administrator)"
        )
        parser.add_argument("--dry-run", action="store_true", help="check only; write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._handle(options)
        except DomainError as refusal:
            raise CommandError(
                "\n".join([refusal.message, *(f"  {problem.field}: {problem.message}" for problem in refusal.problems)])
            ) from refusal

    def _handle(self, options: Mapping[str, Any]) -> None:
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(f"There is no file {path}.")
        actor = self._actor(options["actor"])
        if options["dry_run"]:
            self._dry_run(path, actor, options)
            return
        file = self._unfinished(path, actor, options) or self._mapped(path, actor, options)
        started = time.monotonic()
        self._work(file)
        if file.state == ImportFile.State.CHECKED:
            self._report_check(file.findings, list(file.problems.all()[:SHOWN_PROBLEMS]))
            services.start_import(file=file, version=file.version, actor=actor, policy=options["policy"])
            self._work(file)
        self._report(file, time.monotonic() - started)

    def _mapped(self, path: Path, actor: User, options: Mapping[str, Any]) -> ImportFile:
        with path.open("rb") as upload:
            file = services.take_file(
                actor=actor,
                upload=upload,
                file_name=path.name,
                source=options["source"] or path.name.split(".")[0],
                shape=options["shape"],
            )
        try:
            return services.map_file(
                file=file,
                version=file.version,
                actor=actor,
                source=file.source,
                shape=file.shape,
                unit=self._unit(actor, options),
                policy=options["policy"],
                **self._meaning(file, actor, options),
            )
        except (DomainError, CommandError):
            services.discard_import(file=file, version=file.version, actor=actor)
            raise

    def _meaning(self, file: ImportFile, actor: User, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return mapping, choices and pipeline: what was guessed, overruled by what was said."""
        mapping = {**file.mapping, **_pairs(options["map"], "--map")}
        unknown = sorted(set(mapping) - set(FIELDS_BY_NAME))
        if unknown:
            raise CommandError(f"--map: no such field: {', '.join(unknown)}. Fields: {', '.join(FIELDS_BY_NAME)}")
        words = services.stage_words(file, mapping.get("stage", ""))
        pipeline = self._pipeline(options)
        choices = {
            **file.choices,
            "owner_as": options["owner_as"],
            "blank_created": "" if options["blank_created"] == "refuse" else options["blank_created"],
            "default_owner": self._person(options["owner"], actor).pk if options["owner"] else None,
        }
        for name in ("date_order", "decimal_mark"):
            choices[name] = options[name] or choices.get(name, "")
        said = _pairs(options["stage"], "--stage")
        if pipeline is None:
            plan = services.new_stages([*words, *said])
            choices["new_pipeline"] = {"name": options["pipeline"], "stages": plan}
            choices["stages"] = {**services.words_for_new_stages(words, plan), **said}
        else:
            choices["stages"] = {**queries.guessed_stages(pipeline, words), **said}
        return {"mapping": mapping, "choices": choices, "pipeline": pipeline}

    def _dry_run(self, path: Path, actor: User, options: Mapping[str, Any]) -> None:
        with TemporaryDirectory() as folder:
            kept = Path(folder) / "table"
            with path.open("rb") as upload, kept.open("wb") as target:
                services.unpacked(upload, target, name=path.name)
            file = services.look_into_file(
                actor=actor,
                path=kept,
                file_name=path.name,
                source=options["source"] or path.name.split(".")[0],
                shape=options["shape"],
            )
            meaning = self._meaning(file, actor, options)
            services.check_mapping(file=file, mapping=meaning["mapping"], shape=file.shape)
            file.mapping, file.choices, file.pipeline = meaning["mapping"], meaning["choices"], meaning["pipeline"]
            if file.pipeline is None:
                services.check_new_pipeline(actor=actor, plan=file.choices["new_pipeline"])
            findings, problems = services.examine(file, now=timezone.now(), path=kept)
        self._report_check(findings, problems[:SHOWN_PROBLEMS])
        self.stdout.write("Nothing was written.")

    def _unfinished(self, path: Path, actor: User, options: Mapping[str, Any]) -> ImportFile | None:
        """Return the import of the same file that was interrupted, to go on with it."""
        with path.open("rb") as content:
            mark = services.content_mark(content, name=path.name)
        waiting = ImportFile.objects.unfinished().filter(sha256=mark, uploaded_by=actor)
        file = waiting.filter(source=options["source"] or path.name.split(".")[0]).last()
        if file is not None:
            self.stdout.write(f"Going on with import {file.pk} after line {file.next_line}.")
        return file

    def _work(self, file: ImportFile) -> None:
        services.work_on_import(file.pk, clock=timezone.now, watch=self._watch)
        file.refresh_from_db()
        while file.is_working:  # another worker is at it: wait for it
            time.sleep(1)
            services.work_on_import(file.pk, clock=timezone.now, watch=self._watch)
            file.refresh_from_db()
            self._watch(file)
        if sys.stderr.isatty():
            self.stderr.write("")

    def _watch(self, file: ImportFile) -> None:
        if sys.stderr.isatty():
            total = f" of {file.rows_total:,}" if file.rows_total else ""
            self.stderr.write(f"\r{file.get_state_display()}: line {file.lines_looked_at:,}{total}   ", ending="")
            self.stderr.flush()

    def _report_check(self, findings: Mapping[str, Any], problems: Sequence[Finding | ImportProblem]) -> None:
        self.stdout.write(
            f"{findings['rows']:,} rows, {findings['deals']:,} deals from {findings['first_day']} to {findings['last_day']}: "
            f"{findings['created']:,} new, {findings['changed']:,} changed, {findings['unchanged']:,} unchanged; "
            f"{findings['refused_rows']:,} rows have problems."
        )
        for code, facts in findings["notes"]:
            self.stdout.write(f"  note: {note_sentence(code, facts)}")
        for problem in problems:
            where = f" {problem.column}" if problem.column else ""
            says = f" “{problem.value}”" if problem.value else ""
            self.stdout.write(f"  line {problem.line}{where}{says}: {sentence(problem.code, problem.facts)}")
        if findings["problems"] > len(problems):
            self.stdout.write(f"  … {findings['problems'] - len(problems):,} more")

    def _report(self, file: ImportFile, seconds: float) -> None:
        if file.state == ImportFile.State.DONE:
            self.stdout.write(
                f"Done in {seconds:.1f} s: {file.deals_created:,} deals created, {file.deals_changed:,} changed, "
                f"{file.deals_unchanged:,} unchanged, {file.rows_refused:,} rows refused (import {file.pk})."
            )
            return
        if file.state == ImportFile.State.REFUSED:
            raise CommandError("Nothing came in. Mend the problems above, or use --policy rows to take the good rows.")
        raise CommandError(f"{file.get_state_display()}: {file.error}")

    def _actor(self, email: str) -> User:
        if email:
            actor = User.objects.active().filter(email=email.lower()).first()
        else:
            actor = (
                User.objects.active().filter(capabilities__contains=[Capability.ADMINISTRATOR]).order_by("pk").first()
            )
        if actor is None:
            raise CommandError(
                f"Nobody has the address {email}." if email else "There is no administrator; say --as EMAIL."
            )
        return actor

    def _person(self, email: str, actor: User) -> User:
        person = User.objects.visible_to(actor).filter(email=email.lower()).first()
        if person is None:
            raise CommandError(f"--owner: nobody has the address {email}.")
        return person

    def _pipeline(self, options: Mapping[str, Any]) -> Pipeline | None:
        name = options["pipeline"]
        if not name:
            first = Pipeline.objects.filter(is_active=True).first()
            if first is None or options["new_stages"]:
                raise CommandError("Name the pipeline: --pipeline NAME (with --new-stages to make it from the file).")
            return first
        found = Pipeline.objects.filter(name__iexact=name).first()
        if found is None and not options["new_stages"]:
            known = ", ".join(Pipeline.objects.values_list("name", flat=True))
            raise CommandError(
                f"There is no pipeline {name} (known: {known or 'none'}); --new-stages makes it from the file."
            )
        return found

    def _unit(self, actor: User, options: Mapping[str, Any]) -> OrgUnit | None:
        name = options["new_unit"] or options["unit"]
        units = OrgUnit.objects.visible_to(actor)
        if not name:
            return units.filter(kind=OrgUnit.Kind.COMPANY).first()
        found = units.filter(name__iexact=name).first()
        if found is None and options["new_unit"]:
            company = units.filter(kind=OrgUnit.Kind.COMPANY).first()
            return team_services.create_unit(actor=actor, name=name, kind=OrgUnit.Kind.TEAM, parent=company)
        if found is None:
            raise CommandError(f"There is no unit {name}; --new-unit makes it.")
        return found


def _pairs(given: list[str], option: str) -> dict[str, str]:
    pairs = {}
    for pair in given:
        ours, sign, theirs = pair.partition("=")
        if not sign or not ours.strip():
            raise CommandError(f"{option}: write it as LEFT=RIGHT, not {pair!r}.")
        pairs[ours.strip()] = theirs.strip()
    return pairs
