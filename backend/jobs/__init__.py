"""Matters and work orders: intake, where a job lies, rounds, duplicates, return visits."""
