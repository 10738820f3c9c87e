"""Policies that know only what a shop sees. Nothing here imports what is hidden in simulated people."""
