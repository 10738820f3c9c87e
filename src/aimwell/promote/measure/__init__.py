"""Measurement: holdouts drawn before anything is sent, and what campaigns really earned, told by comparing arms."""
