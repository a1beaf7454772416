"""Imports of a utility's own tables: read, mapped, checked, staged and written in batches."""

# The capabilities directly below: what they write and serve comes first.
STANDS_ON = ("customers",)
