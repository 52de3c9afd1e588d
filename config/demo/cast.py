"""Who works in the demo company. No name is anybody's: people are called by what they do."""

from dataclasses import dataclass
from datetime import date, timedelta

PASSWORD = "yearline-demo-2026"  # noqa: S105  # shown on the sign-in page of the demo company
SIGN_INS = {
    "supervisor@demo.example": "Sales supervisor",
    "lead@demo.example": "Team lead",
    "rep@demo.example": "Sales rep",
    "planner@demo.example": "Plan owner",
    "admin@demo.example": "Administrator",
}
YEARS = 3


@dataclass(frozen=True)
class Rep:
    """
    A demo rep.

    :param skill: factor on win chances and on the number of deals; 1 = the company's mean
    :param hired_months_ago: ramps up over the first half year
    :param moved_to: unit that the rep has belonged to since May of this year
    :param left_months_ago: open deals went to `heir`
    """

    name: str
    unit: str
    skill: float
    hired_months_ago: int = 48
    moved_to: str = ""
    left_months_ago: int = 0
    heir: str = ""
    email: str = ""

    def hired(self, today: date) -> date:
        return today - timedelta(days=round(30.44 * self.hired_months_ago))

    def left(self, today: date) -> date | None:
        return today - timedelta(days=round(30.44 * self.left_months_ago)) if self.left_months_ago else None


# unit, unit above, kind; the manager is named after the unit
UNITS = (
    ("Demo company", "", "company"),
    ("East China", "Demo company", "region"),
    ("South China", "Demo company", "region"),
    ("North China", "Demo company", "region"),
    ("East · Enterprise", "East China", "team"),
    ("East · Mid-market", "East China", "team"),
    ("South · Enterprise", "South China", "team"),
    ("South · Mid-market", "South China", "team"),
    ("North · Enterprise", "North China", "team"),
)
MANAGERS = {
    "Demo company": ("Sales director", "director@demo.example"),
    "East China": ("Supervisor East", "supervisor@demo.example"),
    "South China": ("Supervisor South", "supervisor.south@demo.example"),
    "North China": ("Supervisor North", "supervisor.north@demo.example"),
    "East · Enterprise": ("Lead East Enterprise", "lead@demo.example"),
    "East · Mid-market": ("Lead East Mid-market", "lead.east.mid@demo.example"),
    "South · Enterprise": ("Lead South Enterprise", "lead.south@demo.example"),
    "South · Mid-market": ("Lead South Mid-market", "lead.south.mid@demo.example"),
    "North · Enterprise": ("Lead North Enterprise", "lead.north@demo.example"),
}
REPS = (
    Rep("Rep East A", "East · Enterprise", 1.15, email="rep@demo.example"),
    Rep("Rep East B", "East · Enterprise", 1.0),
    Rep("Rep East C", "East · Enterprise", 0.9, hired_months_ago=20),
    Rep("Rep East D", "East · Enterprise", 1.05, hired_months_ago=7),
    Rep("Rep East E", "East · Mid-market", 1.2),
    Rep("Rep East F", "East · Mid-market", 0.85),
    Rep("Rep East G", "East · Mid-market", 1.0, hired_months_ago=28, moved_to="East · Enterprise"),
    Rep("Rep South A", "South · Enterprise", 1.1),
    Rep("Rep South B", "South · Enterprise", 0.95),
    Rep("Rep South C", "South · Enterprise", 1.0, hired_months_ago=4),
    Rep("Rep South D", "South · Mid-market", 1.05),
    Rep("Rep South E", "South · Mid-market", 0.8),
    Rep("Rep South F", "South · Mid-market", 1.0, left_months_ago=10, heir="Rep South D"),
    Rep("Rep North A", "North · Enterprise", 1.25),
    Rep("Rep North B", "North · Enterprise", 0.95),
    Rep("Rep North C", "North · Enterprise", 0.9, hired_months_ago=14),
)
PRODUCTS = (("Sensors", "传感器", 0.8), ("Controllers", "控制器", 1.3), ("Service contracts", "服务合同", 0.6))
REGIONS = (("East China", "华东"), ("South China", "华南"), ("North China", "华北"))
CHANNELS = (
    ("Trade fair", "展会", 0.95, 0.2),
    ("Referral", "转介绍", 1.35, 0.2),
    ("Website", "官网", 0.8, 0.3),
    ("Partner", "渠道伙伴", 1.1, 0.15),
    ("Cold call", "电话开发", 0.7, 0.15),
)
STAGES = (
    ("Lead", "线索", "open"),
    ("Contacted", "已联系", "open"),
    ("Visited", "已拜访", "open"),
    ("Quoted", "已报价", "open"),
    ("Won", "赢单", "won"),
    ("Lost", "丢单", "lost"),
)
CORE_CUSTOMER = "Demo customer 001 (core)"
CUSTOMERS = 240
