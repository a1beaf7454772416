"""HTTP endpoints of imports."""
