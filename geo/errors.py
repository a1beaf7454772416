"""What can go wrong in territory arithmetic; the class says what, its arguments where.

A class's sentence stands under its name in `errors.toml`.
"""

from pathlib import Path
from typing import Any

from geo.sentences import Words, sentences_in

SENTENCES = sentences_in(Path(__file__).with_name("errors.toml"))
MOST_NAMED = 20
# A code may be any text; what is longer is a description, chosen by mistake.
MOST_CODE = 4_000
MOST_COLUMNS = 100


class GeoError(Exception):
    """The shapes or figures cannot be worked with; `zh` and `en` are its sentence."""

    zh, en = SENTENCES["GeoError"].words({})

    def __init_subclass__(cls) -> None:
        """The class's own sentence."""
        cls.zh, cls.en = SENTENCES[cls.__name__].words({})

    def said(self) -> Words:
        """What happened, and to what where that has a name, in Chinese and English."""
        about = [one for one in self.args if isinstance(one, str)][:MOST_NAMED]
        own = Words(self.zh, self.en)
        return _words("about", said=own, names=about) if about else own


def _words(name: str, /, **arguments: Any) -> Words:
    return SENTENCES[name].words(arguments)


def _named(error: GeoError) -> tuple[str, list[str]]:
    """What an error says is missing, and what there is instead."""
    name, *there = [one for one in error.args if isinstance(one, str)] or [""]
    return name, there[:MOST_COLUMNS]


class TooFewCustomers(GeoError):
    """More cells were asked for than there are different places with work: one place cannot be divided."""


class TooManyCells(GeoError):
    """The grid is so fine that nobody could use its cells."""


class NothingInside(GeoError):
    """No work lies inside the territory."""


class UnknownCrs(GeoError):
    """Nobody knows a coordinate system of this name."""


class CrsMissing(GeoError):
    """The file does not say which coordinate system it is in, and only its maker can know."""


class FileUnreadable(GeoError):
    """No map file of a kind that is read here."""


class FileTooLarge(GeoError):
    """More bytes, members or points than a map of a city has."""


class OpensElsewhere(GeoError):
    """The file would send its reader to something else; what, the arguments say. Nothing of it is opened."""


class ReadingStopped(GeoError):
    """The process that read the file gave no answer."""


class ReadingTooLong(ReadingStopped):
    """The time for one file was over."""


class ReadingTooMuch(ReadingStopped):
    """The memory for one file was not enough."""


class ReadersBusy(ReadingStopped):
    """Others' files are being read for so long that this one was not begun."""


class LayerNeeded(GeoError):
    """The file holds several layers; one must be named."""


class LayerMissing(GeoError):
    """A layer that was named is not in the file: its name, and those that are there."""

    def said(self) -> Words:
        """Which one, and which there are."""
        name, there = _named(self)
        if not name:
            return Words(self.zh, self.en)
        return (
            _words("no_such_layer", name=name, there=there) if there else _words("no_layer_at_all", name=name)
        )


class FieldMissing(GeoError):
    """A field that was named is not in the file: its name, and the columns that are there."""

    def said(self) -> Words:
        """Which one, and which columns there are."""
        name, there = _named(self)
        if not name:
            return Words(self.zh, self.en)
        return (
            _words("no_such_field", name=name, there=there) if there else _words("no_field_at_all", name=name)
        )


class CodeTooLong(GeoError):
    """A text longer than any code, as where a description was chosen for one."""


class NoAreas(GeoError):
    """Nothing in the file encloses an area."""


class OutsideTheEarth(GeoError):
    """Coordinates that are no degrees: another coordinate system, or the order turned round."""

    def said(self) -> Words:
        """Which zone, and in which system it would lie on the ground.

        What has words of its own takes those of each language.
        """
        zh, en = super().said()
        for half in (one for one in self.args if isinstance(one, str) and " · " in one):
            said = half.rpartition(", ")[2].split(" · ")
            zh, en = (words.replace(" · ".join(said), said[side]) for side, words in enumerate((zh, en)))
        return Words(zh, en)


class CrossesDateLine(GeoError):
    """A shape goes round a pole or spans more than half the earth: which half is meant is unknown."""


class LineDoesNotCross(GeoError):
    """A line that should split a cell does not cross it from border to border."""


class NothingLeft(GeoError):
    """The edit would leave a cell without ground."""


class NotNeighbours(GeoError):
    """Cells to be merged do not touch."""
