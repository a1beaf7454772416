"""Tests of alarms: each fault caused and seen, who is told, the rules for Prometheus, the dashboard."""
