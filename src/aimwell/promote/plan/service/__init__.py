"""What people do with plans: make one, see what other budgets would bring, export it, log who is contacted."""

from aimwell.promote.plan.service.curve import CurvePoint, Slider
from aimwell.promote.plan.service.exporting import export_plan
from aimwell.promote.plan.service.making import open_slider, plan_campaign
from aimwell.promote.plan.service.ranging import with_ranges
from aimwell.promote.plan.service.reading import Plan, assignments, log_touches, read_plan, read_plans

__all__ = [
    "CurvePoint",
    "Plan",
    "Slider",
    "assignments",
    "export_plan",
    "log_touches",
    "open_slider",
    "plan_campaign",
    "read_plan",
    "read_plans",
    "with_ranges",
]
