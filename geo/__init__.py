"""Territory and dispatch arithmetic: shapes in, shapes and figures out; no database, no web."""
