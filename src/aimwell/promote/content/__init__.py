"""Content: what a message says, from templates in the shop's folder, for one person at a time."""
