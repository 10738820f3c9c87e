"""portraits."""
