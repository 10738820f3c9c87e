"""Faces over HTTP. Today the public pages, which customers open from a message."""
