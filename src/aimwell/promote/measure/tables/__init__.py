"""Measuring as expressions: who was dealt into which arm, what each person brought when, and the sums of each arm."""
