"""Tables that every app needs."""

from .audit import AuditEntry
from .idempotency import IdempotentAnswer
from .jobs import JobRun, Publication, WorkerSeen
from .tokens import ApiToken

__all__ = [
    "ApiToken",
    "AuditEntry",
    "IdempotentAnswer",
    "JobRun",
    "Publication",
    "WorkerSeen",
]
