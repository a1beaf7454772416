"""Tests of setting up, of the checklist and of health checks."""
