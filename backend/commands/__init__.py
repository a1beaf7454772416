"""What an operator can do from a shell, one module for each theme; `backend/cli.py` lists them."""
