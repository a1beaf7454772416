"""Customers and service points, their search, visits, questionnaires, surveys, items and call-backs."""
