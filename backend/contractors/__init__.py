"""Contractors' crews without accounts, who do one job by a link."""

# The capabilities directly below: what they write and serve comes first.
STANDS_ON = ("evidence",)
