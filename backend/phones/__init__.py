"""What phones exchange with the server: pull, push, parked work, hand-in, nudges."""

# The capabilities directly below: what they write and serve comes first.
STANDS_ON = ("evidence",)
