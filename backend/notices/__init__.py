"""Telling staff something, and messages that go out to a gateway."""

# The capabilities directly below: what they write and serve comes first.
STANDS_ON = ("people",)
