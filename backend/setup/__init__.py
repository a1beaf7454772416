"""Setting up an empty installation, the checklist before the first phone, health checks."""

# The capabilities directly below: what they write and serve comes first.
STANDS_ON = ("alarms", "territory")
