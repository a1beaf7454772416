"""The pages as people use them: a real browser, a real server, and a network that goes away."""
