"""Aimwell: precision marketing for shops of any size."""
