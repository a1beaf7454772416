"""The server: the only place that joins sync, territory, people and the web."""
