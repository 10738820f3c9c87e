"""Value: probability alive, expected orders and net margin per person over a horizon, with an interval."""
