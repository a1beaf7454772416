"""Papers people can print and keep: what makes PDF of templates, words and drawings."""
