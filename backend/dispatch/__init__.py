"""Crews' days: travel, day plans, assigning, emergencies."""
