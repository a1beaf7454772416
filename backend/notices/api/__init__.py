"""HTTP of notices and messages."""
