"""Bytes from outside are opened in a process of its own that sees nothing else: no network, no file, no
secret."""
