"""The outbox: messages that are to go out, kept in the database until each is sent, refused, dead, skipped or stopped."""
