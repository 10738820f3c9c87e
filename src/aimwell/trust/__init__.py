"""Trust: what makes it right to hold people's data. Today the vault of identifiers."""
