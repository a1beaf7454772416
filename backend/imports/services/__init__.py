"""What can be done with a utility's own tables."""
