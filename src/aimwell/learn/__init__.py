"""Learn: demo shops made from real data, to look at and to try things on. Nothing else imports this wing."""
