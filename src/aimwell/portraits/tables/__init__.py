"""Portraits as tables: facts in, traits out; nothing here runs."""
