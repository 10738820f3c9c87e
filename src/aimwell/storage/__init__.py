"""Storage: lake tables, engines and the database. The only wing that knows which engine runs."""
