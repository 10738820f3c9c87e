"""What a user does with demand: fit, back-test, score, look, order stock and pace a budget."""

from aimwell.predict.demand.service.fit import backtest_demand, fit_demand, read_card
from aimwell.predict.demand.service.score import ScoreSummary, score_demand
from aimwell.predict.demand.service.use import StockAdvice, budget_pace, forecasts, stock_advice
from aimwell.predict.demand.service.who import GroupDemand, group_demand

__all__ = [
    "GroupDemand",
    "ScoreSummary",
    "StockAdvice",
    "backtest_demand",
    "budget_pace",
    "fit_demand",
    "forecasts",
    "group_demand",
    "read_card",
    "score_demand",
    "stock_advice",
]
