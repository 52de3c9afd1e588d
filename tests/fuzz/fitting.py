"""Random keys and versions never fit: some are replaced by those of real rows, so that requests get past the door."""

from random import Random
from typing import Any

from django.urls import resolve
from schemathesis import Case, GenerationMode
from schemathesis.core.parameters import ParameterLocation

from core.api.versions import etag_of
from customers.models import Stage
from tests.samples import SAMPLES, World


def fit(case: "Case[Any]", world: World) -> None:
    """Put real keys and the current version in place of some valid ones; what is meant to be wrong stays wrong."""
    chance = Random(
        f"{case.method} {case.path} {case.path_parameters} {case.headers} {case.body!r}"
    )  # the same each run
    if "id" in case.path_parameters and _valid(case, ParameterLocation.PATH) and chance.random() < 0.9:
        case.path_parameters["id"] = _row(case, world)
    if "If-Match" in case.headers and _valid(case, ParameterLocation.HEADER) and chance.random() < 0.9:
        case.headers["If-Match"] = _version(case, world)
    if isinstance(case.body, dict) and _valid(case, ParameterLocation.BODY):
        links = _links(world, chance)
        for name in case.body.keys() & links.keys():
            if case.body[name] is not None and chance.random() < 0.9:
                case.body[name] = links[name]
        if {"unit", "person"} <= case.body.keys():
            del case.body[chance.choice(["unit", "person"])]
        if "occurred_at" in case.body and chance.random() < 0.7:
            del case.body["occurred_at"]  # most moments are in the future or before the deal


def _valid(case: "Case[Any]", location: ParameterLocation) -> bool:
    part = case.meta.components.get(location) if case.meta else None
    return part is not None and part.mode is GenerationMode.POSITIVE


def _row(case: "Case[Any]", world: World) -> Any:
    name = resolve(case.path.replace("{id}", "1")).view_name
    return SAMPLES[max((start for start in SAMPLES if name.startswith(start)), key=len)](world)["pk"]


def _version(case: "Case[Any]", world: World) -> str:
    shown = (
        world.customer if "/customers/" in case.path else world.activity if "/activities/" in case.path else world.deal
    )
    return etag_of(type(shown).objects.get(pk=shown.pk))


def _links(world: World, chance: Random) -> dict[str, Any]:
    stages = list(Stage.objects.filter(pipeline=world.pipeline).order_by("position", "pk"))
    return {
        "pipeline": world.pipeline.pk,
        "stage": chance.choice(stages).pk,
        "to_stage": chance.choice(stages).pk,
        "owner": world.cast.rao.pk,
        "to": world.cast.peer.pk,
        "customer": world.customer.pk,
        "deal": world.deal.pk,
        "product": world.product.pk,
        "region": world.deal.region_id,
        "channel": world.deal.channel_id,
        "version": world.draft.pk,
        "unit": world.cast.east_one.pk,
        "person": world.cast.rao.pk,
        "lock_version": chance.choice([0, world.target.lock_version]),
    }
