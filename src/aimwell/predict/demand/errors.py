"""What can go wrong when forecasts are used."""

from __future__ import annotations

from aimwell.base.errors import NotFound
from aimwell.base.words import text

__all__ = ["NoForecast"]


class NoForecast(NotFound):
    """The lake has no forecast of what was asked for."""

    code = "no_forecast"
    template = text(
        'There is no forecast of level "{level}", key "{key}" by {grain}. Make forecasts: `aimwell predict score demand`.'
    )
