"""Base: what every wing may use. Errors, words, clock, money, ids, settings."""
