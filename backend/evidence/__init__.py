"""Uploads, photos, signatures, papers, case files, seals."""

# The capabilities directly below: what they write and serve comes first.
STANDS_ON = ("jobs",)
