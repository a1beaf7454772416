"""What can go wrong in territory arithmetic; the class says what, its arguments where."""


class GeoError(Exception):
    """The shapes or figures cannot be worked with."""


class TooFewCustomers(GeoError):
    """More cells were asked for than there are places to divide."""


class TooManyCells(GeoError):
    """The grid is so fine that nobody could use its cells."""


class NothingInside(GeoError):
    """No customer lies inside the territory."""


class UnknownCrs(GeoError):
    """Nobody knows a coordinate system of this name."""


class CrsMissing(GeoError):
    """The file does not say which coordinate system it is in, and only its maker can know."""


class FileUnreadable(GeoError):
    """No map file of a kind that is read here."""


class FileTooLarge(GeoError):
    """More bytes, members or points than a map of a city has."""


class LayerNeeded(GeoError):
    """The file holds several layers; one must be named."""


class NoAreas(GeoError):
    """Nothing in the file encloses an area."""


class OutsideTheEarth(GeoError):
    """Coordinates that are no degrees: another coordinate system, or the order turned round."""


class CrossesDateLine(GeoError):
    """A shape spans more than half the earth, as one across the 180th meridian does when it is not cut there."""


class LineDoesNotCross(GeoError):
    """A line that should split a cell does not cross it from border to border."""


class NothingLeft(GeoError):
    """The edit would leave a cell without ground."""


class NotNeighbours(GeoError):
    """Cells to be merged do not touch."""
