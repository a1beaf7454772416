"""Papers to print and keep: makes PDF of templates, words and drawings."""
