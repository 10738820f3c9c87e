"""Sandbox: Liquid as it may be used on data of customers: nothing but the facts, nothing unescaped, nothing without end."""
