"""Papers people can print and keep: templates, and what makes PDF of them."""
