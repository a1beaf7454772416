"""SQL of messages: one module for each question."""
