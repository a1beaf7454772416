"""Matters and work orders: intake, place, duplicates, rounds, return visits."""

# The capabilities directly below: what they write and serve comes first.
STANDS_ON = ("customers",)
