"""Sandbox for files from outside: opened in a process of its own without network, files or secrets."""
