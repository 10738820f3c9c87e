"""Promote: offers, the plan of who gets which, and what was sent."""
