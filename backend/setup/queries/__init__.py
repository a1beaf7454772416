"""What is read for health checks and for the checklist, and the setup page's token."""
