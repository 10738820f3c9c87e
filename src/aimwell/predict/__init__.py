"""Predict: what customers will do and be worth, with intervals, back-tests and honest abstentions."""
