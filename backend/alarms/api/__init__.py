"""HTTP API of alarms."""
