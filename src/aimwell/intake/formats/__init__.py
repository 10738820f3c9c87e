"""Wire formats: from the bytes of a file to rows of text cells with their line numbers."""
