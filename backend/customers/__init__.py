"""Customers and service points, their search, visits, questionnaires, surveys, items and call-backs."""

# The capabilities directly below: what they write and serve comes first.
STANDS_ON = ("territory",)
