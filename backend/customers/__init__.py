"""Customers and service points, search, visits, questionnaires, surveys, items, call-backs."""

# The capabilities directly below: what they write and serve comes first.
STANDS_ON = ("territory",)
