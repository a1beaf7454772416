"""What all others stand on: declaring kinds, writing records, policy, masks, errors, facts, the checks
before every endpoint, HTTP for every kind."""

# The capabilities directly below: what they write and serve comes first.
STANDS_ON = ()
