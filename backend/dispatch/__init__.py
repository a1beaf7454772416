"""Crews' days: travel, plans, assigning, emergencies."""

# The capabilities directly below: what they write and serve comes first.
STANDS_ON = ("jobs",)
