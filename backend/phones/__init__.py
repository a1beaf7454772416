"""Pull, push, parked work, questions, hand-in by file, nudges."""

# The capabilities directly below: what they write and serve comes first.
STANDS_ON = ("evidence",)
