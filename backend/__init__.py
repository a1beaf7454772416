"""The server: one folder for each capability, joined with the sync and geo libraries, the database and
HTTP.
"""
