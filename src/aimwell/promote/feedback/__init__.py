"""Feedback: what came back about messages, and what follows from it for suppressions, consent and receipts."""
