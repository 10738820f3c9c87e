"""The chapters of the report: each turns gathered numbers into words, charts and tables."""
