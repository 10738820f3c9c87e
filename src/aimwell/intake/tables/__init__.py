"""From raw text rows to canonical rows: Ibis in, Ibis out."""
