"""The lake: Parquet files committed through Delta Lake, read natively by the engine."""
