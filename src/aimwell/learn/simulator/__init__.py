"""The simulator: whole shops whose truth is known, to try plans and measurements on. Nothing outside `learn` and `cli` imports it."""
