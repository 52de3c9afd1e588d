"""What a file may tell of a deal: our fields, their names for people, and the words by which columns are known elsewhere."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from .names import name_key

BOTH = ("deals", "events")


@dataclass(frozen=True)
class Field:
    """
    One thing that a column can hold.

    :param kind: text | day | money
    :param words: how other systems head such a column, in English and Chinese; compared without case, blanks and signs
    """

    name: str
    label: str | Promise
    kind: str
    words: tuple[str, ...]
    shapes: tuple[str, ...] = BOTH
    required: bool = False
    help: str | Promise = ""

    @property
    def known_words(self) -> tuple[str, ...]:
        """The headings by which it is known, the surest first: our own in each language, then those of other systems."""
        labels = []
        for language, _name in settings.LANGUAGES:
            with override(language):
                labels.append(str(self.label))
        return (*labels, self.name, *self.words)

    def known_as(self, column: str) -> bool:
        return name_key(column) in {name_key(word) for word in self.known_words}


FIELDS = (
    Field(
        "external_id",
        _("Deal id"),
        "text",
        (
            "opportunity id",
            "deal id",
            "id",
            "record id",
            "opportunity no",
            "number",
            "key",
            "商机编号",
            "商机ID",
            "订单号",
            "编号",
        ),
        required=True,
        help=_("By this id a deal is known again when the file comes a second time."),
    ),
    Field(
        "created",
        _("Created on"),
        "day",
        (
            "created at",
            "created",
            "created date",
            "create date",
            "creation date",
            "opened",
            "engage date",
            "start date",
            "booked on",
            "创建日期",
            "创建时间",
            "立项日期",
            "录入日期",
        ),
        ("deals",),
        required=True,
    ),
    Field(
        "entered",
        _("Entered the stage on"),
        "day",
        (
            "entered at",
            "entered",
            "changed at",
            "event date",
            "moved at",
            "timestamp",
            "进入时间",
            "进入日期",
            "变更时间",
        ),
        ("events",),
        required=True,
    ),
    Field(
        "stage",
        _("Stage or outcome"),
        "text",
        (
            "stage",
            "deal stage",
            "stage name",
            "status",
            "outcome",
            "state",
            "sales stage",
            "to stage",
            "阶段",
            "商机阶段",
            "销售阶段",
            "状态",
            "结果",
        ),
        required=True,
    ),
    Field(
        "since",
        _("In this stage since"),
        "day",
        ("stage since", "stage changed", "last stage change date", "stage entered", "阶段变更日期", "进入阶段日期"),
        ("deals",),
        help=_("Of open deals. Without it the day of creation stands for it."),
    ),
    Field(
        "closed",
        _("Closed on"),
        "day",
        (
            "closed at",
            "closed",
            "close date",
            "closed date",
            "won date",
            "actual close",
            "成交日期",
            "关闭日期",
            "结单日期",
            "赢单日期",
        ),
        ("deals",),
        help=_("The day a deal was won or lost."),
    ),
    Field(
        "amount",
        _("Amount"),
        "money",
        (
            "amount",
            "value",
            "deal value",
            "expected revenue",
            "price",
            "total",
            "金额",
            "商机金额",
            "预计金额",
            "合同金额",
        ),
        help=_("Known from the beginning. A blank amount is unknown, not zero."),
    ),
    Field(
        "won_amount",
        _("Amount earned on winning"),
        "money",
        ("close value", "closed amount", "won amount", "actual amount", "revenue", "成交金额", "实际金额", "赢单金额"),
        ("deals",),
        help=_("Known only when the deal is won; taken for won deals alone."),
    ),
    Field(
        "units",
        _("Units sold"),
        "money",
        ("units", "quantity", "qty", "pieces", "数量", "销售数量", "件数"),
        help=_("How many are sold. A blank is unknown, not zero."),
    ),
    Field(
        "cost",
        _("Cost"),
        "money",
        ("cost", "total cost", "cost of goods", "cost price", "成本", "总成本", "成本金额"),
        help=_(
            "What is sold costs the company; the amount less the cost is the gross margin. A blank is unknown, not zero."
        ),
    ),
    Field(
        "expected_close",
        _("Expected close"),
        "day",
        (
            "expected close",
            "expected close date",
            "forecast date",
            "due date",
            "预计成交日期",
            "预计结单日期",
            "预计关闭日期",
        ),
    ),
    Field(
        "owner",
        _("Owner"),
        "text",
        (
            "owner",
            "sales agent",
            "agent",
            "sales rep",
            "rep",
            "salesperson",
            "owner name",
            "deal owner",
            "owner email",
            "负责人",
            "销售",
            "销售代表",
            "业务员",
            "跟进人",
        ),
        help=_("An e-mail address, an id or a name."),
    ),
    Field(
        "customer",
        _("Customer"),
        "text",
        ("customer", "account", "account name", "company", "client", "客户", "客户名称", "公司", "公司名称"),
    ),
    Field(
        "product",
        _("Product line"),
        "text",
        ("product", "product line", "product name", "product family", "产品", "产品线", "产品名称"),
    ),
    Field(
        "region",
        _("Market region"),
        "text",
        ("region", "territory", "market", "area", "segment", "country", "区域", "地区", "大区", "市场"),
    ),
    Field(
        "channel",
        _("Lead source"),
        "text",
        ("channel", "lead source", "source", "origin", "来源", "线索来源", "渠道"),
    ),
    Field(
        "title",
        _("Title"),
        "text",
        ("title", "deal name", "opportunity name", "opportunity", "subject", "name", "商机名称", "标题", "主题"),
        help=_("Without it the customer and the product make the title."),
    ),
    Field(
        "reason",
        _("Reason"),
        "text",
        ("reason", "lost reason", "loss reason", "丢单原因", "输单原因", "原因"),
    ),
)
FIELDS_BY_NAME = {field.name: field for field in FIELDS}


def fields_of(shape: str) -> tuple[Field, ...]:
    """Return the fields of a shape, required ones first."""
    return tuple(sorted((field for field in FIELDS if shape in field.shapes), key=lambda field: not field.required))


def header_key(header: Sequence[str]) -> str:
    """Return the mark by which a head line is known again."""
    return hashlib.sha256("\x1f".join(" ".join(name.split()).casefold() for name in header).encode()).hexdigest()
