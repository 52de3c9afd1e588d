"""Files of deal history for tests: written as text, handed in and mapped like a person would."""

from collections.abc import Mapping
from datetime import datetime
from io import BytesIO
from typing import Any

from django.utils import timezone

from customers import services
from customers.models import ImportFile, Pipeline
from customers.queries import imports as queries
from teams.models import OrgUnit, User

DEALS = """\
opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value
A1,Rao,GTX Basic,Cancity,Won,2016-10-20,2017-03-01,1054
A2,Rao,GTXPro,Isdom,Lost,2016-10-25,2017-03-11,0
A3,Rao,GTX Basic,,Engaging,2016-11-02,,
"""
EVENTS = """\
opportunity_id,stage,entered_at,amount,owner,product
B1,Lead,2025-03-01,100,Rao,Router
B2,Lead,2025-03-02,,Rao,Router
B1,Quoted,2025-03-20,120,Rao,Router
B1,Won,2025-04-02,110,Rao,Router
B2,Contacted,2025-04-03,,Rao,Router
"""


def hand_in(actor: User, content: str | bytes, *, name: str = "deals.csv", source: str = "crm") -> ImportFile:
    upload = BytesIO(content if isinstance(content, bytes) else content.encode())
    return services.take_file(actor=actor, upload=upload, file_name=name, source=source)


def map_as_guessed(
    file: ImportFile,
    *,
    pipeline: Pipeline,
    policy: str = ImportFile.Policy.ROWS,
    unit: OrgUnit | None = None,
    choices: Mapping[str, Any] | None = None,
    mapping: Mapping[str, str] | None = None,
) -> ImportFile:
    mapping = mapping or file.mapping
    words = services.stage_words(file, mapping.get("stage", ""))
    return services.map_file(
        file=file,
        version=file.version,
        actor=file.uploaded_by,
        source=file.source,
        shape=file.shape,
        mapping=mapping,
        choices={"stages": queries.guessed_stages(pipeline, words), **file.choices, **(choices or {})},
        pipeline=pipeline,
        unit=unit,
        policy=policy,
    )


def work(file: ImportFile, *, now: datetime | None = None) -> ImportFile:
    services.work_on_import(file.pk, clock=timezone.now if now is None else lambda: now)
    file.refresh_from_db()
    return file


def bring_in(actor: User, content: str | bytes, *, pipeline: Pipeline, source: str = "crm", **how: Any) -> ImportFile:
    """Hand a file in, map it as guessed, check it, start it and let it run to its end."""
    file = work(map_as_guessed(hand_in(actor, content, source=source), pipeline=pipeline, **how))
    if file.state == ImportFile.State.CHECKED:
        file = services.start_import(file=file, version=file.version, actor=actor, policy=file.policy)
        work(file)
    return file
