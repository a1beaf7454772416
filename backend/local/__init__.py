"""The private machine of `make run`.

Its own PostgreSQL cluster, broker and web processes, all in one folder.
"""
