"""Tables of value: histories out of facts, scores back to people, forecasts beside the truth."""
