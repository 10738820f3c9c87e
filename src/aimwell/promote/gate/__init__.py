"""Gate: whether a message may go to a person at a moment, asked when planning and again when sending."""
