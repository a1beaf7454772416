"""Contractors' crews without accounts, by a link to one job."""

# The capabilities directly below: what they write and serve comes first.
STANDS_ON = ("evidence",)
