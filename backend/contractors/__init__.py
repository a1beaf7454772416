"""Contractors' crews without accounts, who do one job by a link."""
