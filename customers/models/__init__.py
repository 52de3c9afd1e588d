"""Whom: customers, their deals with the recorded stage history, what was done with them, and imported files."""

from .activities import Activity
from .credits import WHOLE, DealCredit
from .customers import Contact, Customer, Tier
from .deals import Deal, DealOwnership
from .imports import ColumnMapping, ImportedDeal, ImportFile, ImportProblem
from .ledger import StageEvent
from .market import MarketSize, Strategy
from .pipelines import Channel, Pipeline, ProductLine, Region, Stage

__all__ = [
    "WHOLE",
    "Activity",
    "Channel",
    "ColumnMapping",
    "Contact",
    "Customer",
    "Deal",
    "DealCredit",
    "DealOwnership",
    "ImportFile",
    "ImportProblem",
    "ImportedDeal",
    "MarketSize",
    "Pipeline",
    "ProductLine",
    "Region",
    "Stage",
    "StageEvent",
    "Strategy",
    "Tier",
]
