"""What can go wrong in territory arithmetic."""


class GeoError(Exception):
    """The shapes or figures cannot be worked with."""


class TooFewCustomers(GeoError):
    """More cells were asked for than there are places to divide."""


class TooManyCells(GeoError):
    """The grid is so fine that nobody could use its cells."""


class NothingInside(GeoError):
    """No customer lies inside the territory."""
