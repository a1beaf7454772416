"""From the bytes of a foreign table to clean values: pure functions, without a database."""
