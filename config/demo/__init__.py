"""
The demo company: three years of invented history, so that a new installation has something to show.

    cast    who works there: units, people with their ramp, moves and one who left
    story   what they sold: a pure simulation with one seed, the same history for the same day
    work    what they did for it: first answers, visits, next steps
    market  how large the market is; others  what is asked for beside revenue
    strength  who is there and to be hired, who shares a deal, what people commit to, scenarios
    load    how it comes in: people, plan and activities through the services, deals by the fast path of imports

Everything is plainly marked as demo: in its names, in its addresses, and by `is_demo` on every row that has it.
"""

from .cast import PASSWORD, SIGN_INS
from .load import load_demo

__all__ = ["PASSWORD", "SIGN_INS", "load_demo"]
