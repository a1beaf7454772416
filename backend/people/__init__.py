"""Units, staff, sessions, devices, crews, rosters, work shifts and positions."""

# The capabilities directly below: what they write and serve comes first.
STANDS_ON = ("core",)
