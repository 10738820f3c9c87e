"""Tables of repeat: facts in, features, outcomes and scores out; nothing here runs."""
