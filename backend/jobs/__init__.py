"""Matters and work orders: intake, where a job lies, rounds, duplicates, return visits."""

# The capabilities directly below: what they write and serve comes first.
STANDS_ON = ("customers",)
