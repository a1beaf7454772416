"""Generated migrations, in order."""
