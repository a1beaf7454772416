"""Limits: how long an answer may take, what stops the clock, when it is late."""

# The capabilities directly below: what they write and serve comes first.
STANDS_ON = ("core",)
