"""Plan: who gets which offer, for the most profit within a budget, with a certificate."""
