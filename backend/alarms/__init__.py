"""Alarms: what goes wrong while the system runs, measured, shown and told to the administrators."""

# The capabilities directly below: what they write and serve comes first.
STANDS_ON = ("notices",)
