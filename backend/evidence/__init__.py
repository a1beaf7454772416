"""Photos, signatures, service sheets, papers, case files, and the seals over history."""

# The capabilities directly below: what they write and serve comes first.
STANDS_ON = ("jobs",)
