"""Channels: how a message leaves the house, what became of it, and what comes back."""
