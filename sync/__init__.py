"""The sync core: brings records to offline phones and their work back; knows nothing of the web."""
