"""Cells and who serves them, plans for cells, coverage, cards, map layers."""

# The capabilities directly below: what they write and serve comes first.
STANDS_ON = ("notices",)
