"""The private machine of `make run`: its own PostgreSQL cluster, broker and web processes, all in one folder."""
