"""What people type: forms validate, services save."""

from .activities import ActivityForm, FinishForm
from .credits import CreditForm
from .customers import ContactForm, CustomerForm
from .deals import AmendForm, DealFactsForm, DealForm, HandOverForm, MoveForm, ReopenForm, VersionForm
from .filters import BoardFilter, CustomerFilter, DealFilter
from .market import MarketSizeForm, StrategyForm
from .setup import NewPartForm, NewWordForm, PlaceForm, WordForm

__all__ = [
    "ActivityForm",
    "AmendForm",
    "BoardFilter",
    "ContactForm",
    "CreditForm",
    "CustomerFilter",
    "CustomerForm",
    "DealFactsForm",
    "DealFilter",
    "DealForm",
    "FinishForm",
    "HandOverForm",
    "MarketSizeForm",
    "MoveForm",
    "NewPartForm",
    "NewWordForm",
    "PlaceForm",
    "ReopenForm",
    "StrategyForm",
    "VersionForm",
    "WordForm",
]
