"""Policies: effects as a plan takes them, contacts made to learn, and what another plan would have brought."""
