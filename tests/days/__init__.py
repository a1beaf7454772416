"""Seeded days of cities nobody tuned anything to, and an oracle that says who could have gone."""
