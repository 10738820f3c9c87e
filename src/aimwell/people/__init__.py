"""People: which accounts are one person, why, and how to undo it; all facts are read through here."""
