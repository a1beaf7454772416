"""Thin Celery tasks, one service call each, and the table from facts to what follows them."""
