"""Commands of an operator, one module for each theme; `backend/cli.py` lists them."""
