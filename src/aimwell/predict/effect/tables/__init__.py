"""Tables of effect: decisions left to chance, what came of them, and effects brought back to people."""
