"""Series of any grain from their own past: models, their combination, and months of a year ahead."""
