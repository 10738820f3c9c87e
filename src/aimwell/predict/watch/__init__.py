"""Watching models in use: whether their predictions have drifted, what they foretold came, and a new fit is due."""
