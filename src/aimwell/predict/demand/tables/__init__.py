"""Tables of demand: daily sales as they are gathered, and the forecasts."""
