"""The nightly build: everything that is due, in order, once."""
