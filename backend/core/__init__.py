"""What every capability stands on: declaring kinds, writing records, policy, errors, facts, and HTTP by
kind."""

# The capabilities directly below: what they write and serve comes first.
STANDS_ON = ()
