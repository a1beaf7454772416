"""Browser tests of the pages: a real browser, a real server, and a network that goes away."""
