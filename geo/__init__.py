"""Algorithms of territory and dispatch: shapes in, shapes and figures out; no database, no web."""
