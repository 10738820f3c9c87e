"""What a user does about measurement: a power card before the launch, the result after it, and the result of everything."""

from aimwell.promote.measure.service.campaign import measure
from aimwell.promote.measure.service.forecast import power_card
from aimwell.promote.measure.service.together import measure_everything

__all__ = ["measure", "measure_everything", "power_card"]
