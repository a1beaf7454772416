"""Benchmarks: each claim a script; results are kept in RESULTS.md with machine and commit."""
