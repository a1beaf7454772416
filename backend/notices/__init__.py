"""Telling staff, and sending messages out."""
