"""SQL, one module per screen or question."""
