"""Effect: what each offer changes with each person, learned from decisions that were left to chance."""
