"""Setting up an empty installation, the checklist before the first phone, and health checks (`wangge doctor`)."""

# The capabilities directly below: what they write and serve comes first.
STANDS_ON = ("territory",)
