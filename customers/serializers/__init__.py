"""What the API takes and shows of customers, deals and activities."""

from .activities import ActivityIn, ActivityOut, FinishIn
from .credits import CreditIn, CreditOut
from .customers import ContactIn, ContactOut, CustomerChange, CustomerIn, CustomerOut
from .deals import AmendIn, DealChange, DealIn, DealOut, HandOverIn, MoveIn, ReopenIn, StageMoveOut
from .market import MarketSizeIn, MarketSizeOut, StrategyChange, StrategyIn, StrategyOut
from .pipelines import ChannelOut, PipelineOut, ProductLineOut, RegionOut

__all__ = [
    "ActivityIn",
    "ActivityOut",
    "AmendIn",
    "ChannelOut",
    "ContactIn",
    "ContactOut",
    "CreditIn",
    "CreditOut",
    "CustomerChange",
    "CustomerIn",
    "CustomerOut",
    "DealChange",
    "DealIn",
    "DealOut",
    "FinishIn",
    "HandOverIn",
    "MarketSizeIn",
    "MarketSizeOut",
    "MoveIn",
    "PipelineOut",
    "ProductLineOut",
    "RegionOut",
    "ReopenIn",
    "StageMoveOut",
    "StrategyChange",
    "StrategyIn",
    "StrategyOut",
]
