"""Cells, who serves them, plans for them, coverage, map layers."""

# The capabilities directly below: what they write and serve comes first.
STANDS_ON = ("notices",)
