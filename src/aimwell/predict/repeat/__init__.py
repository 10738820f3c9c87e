"""Repeat: who orders again and when, and who has silently stopped, in shops without contracts."""
