"""Declares, reads and collects kinds of records, and holds the kinds that core itself has."""
