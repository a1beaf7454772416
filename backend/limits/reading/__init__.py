"""From foreign files to what the clock reads: pure functions, without a database."""
