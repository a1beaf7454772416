"""HTTP for setting up and for the checklist."""
