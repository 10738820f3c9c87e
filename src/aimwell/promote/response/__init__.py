"""Response: how likely people are to use an offer, read from their portraits and values until experiments measure it."""
