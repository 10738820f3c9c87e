"""What people do with campaigns: make one, plan, approve, send, pause, resume, stop, measure, and ask why."""
