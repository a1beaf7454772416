"""Telling staff, and sending messages out."""

# The capabilities directly below: what they write and serve comes first.
STANDS_ON = ("people",)
