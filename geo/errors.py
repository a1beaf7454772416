"""Exceptions of geo; the class says what went wrong, its arguments where."""

MOST_NAMED = 20
# A code may be any text; what is longer is a description, chosen by mistake.
MOST_CODE = 4_000
MOST_COLUMNS = 100


class GeoError(Exception):
    """The shapes or figures cannot be worked with."""

    zh = "图形或数字无法处理"
    en = "the shapes or figures cannot be worked with"

    def said(self) -> tuple[str, str]:
        """What happened, and to what where that has a name, in Chinese and English."""
        about = [one for one in self.args if isinstance(one, str)][:MOST_NAMED]
        if not about:
            return self.zh, self.en
        return f"{self.zh}（{'、'.join(about)}）", f"{self.en} ({', '.join(about)})"


def _missing(error: GeoError, what_zh: str, what_en: str) -> tuple[str, str]:
    name, *there = [one for one in error.args if isinstance(one, str)] or [""]
    if not name:
        return error.zh, error.en
    listed_zh, listed_en = (
        "、".join(there[:MOST_COLUMNS]) or "（一个也没有）",
        ", ".join(there[:MOST_COLUMNS]) or "none",
    )
    zh = f"文件里没有{what_zh}“{name}”，有的是：{listed_zh}"
    return zh, f"there is no {what_en} “{name}” in the file; it has: {listed_en}"


class TooFewCustomers(GeoError):
    """More cells were asked for than there are different places with work: one place cannot be divided."""

    zh = "要的网格比有工作的地点（用水点、工单）还多，请减少网格数"
    en = "more cells than different places with work (service points, jobs): ask for fewer"


class TooManyCells(GeoError):
    """The grid is so fine that nobody could use its cells."""

    zh = "网格太密，没法使用，请把边长放大"
    en = "the grid is too fine to be used: take a longer side"


class NothingInside(GeoError):
    """No work lies inside the territory."""

    zh = "范围内没有用水点，也没有工单"
    en = "no work lies inside the ground: neither service points nor jobs"


class UnknownCrs(GeoError):
    """Nobody knows a coordinate system of this name."""

    zh = "没有这个坐标系，请填 EPSG 编号，如 EPSG:4549"
    en = "there is no such coordinate system: give its EPSG number, such as EPSG:4549"


class CrsMissing(GeoError):
    """The file does not say which coordinate system it is in, and only its maker can know."""

    zh = "文件没有写明坐标系，请向制图人问清后填写，如 EPSG:4549"
    en = "the file does not say its coordinate system: ask its maker and give it, such as EPSG:4549"


class FileUnreadable(GeoError):
    """No map file of a kind that is read here."""

    zh = "读不懂这个文件，请用 GeoJSON、GeoPackage、Shapefile（zip）、KML 或 KMZ"
    en = "not a map file that is read here: GeoJSON, GeoPackage, Shapefile (zip), KML or KMZ"


class FileTooLarge(GeoError):
    """More bytes, members or points than a map of a city has."""

    zh = "文件太大，不像一个城市的网格图"
    en = "larger than a map of a city's cells"


class OpensElsewhere(GeoError):
    """The file would send its reader to something else; what, the arguments say. Nothing of it is opened."""

    zh = "文件会让读取程序去打开别的文件、网址或查询，不予读取；请让制图人导出成独立的文件"
    en = (
        "it would make its reader open another file, address or query, so it is not read: have it "
        "exported whole"
    )


class ReadingStopped(GeoError):
    """The process that read the file gave no answer."""

    zh = "读取这个文件的程序出错停止了，文件可能已损坏"
    en = "the reader of this file failed and was stopped: the file may be damaged"


class ReadingTooLong(ReadingStopped):
    """The time for one file was over."""

    zh = "读取这个文件的时间超过限度，已停止；请简化或分成几个文件"
    en = "reading this file took too long and was stopped: simplify it, or send it in parts"


class ReadingTooMuch(ReadingStopped):
    """The memory for one file was not enough."""

    zh = "读取这个文件需要的内存超过限度，已停止；请简化或分成几个文件"
    en = "reading this file took too much memory and was stopped: simplify it, or send it in parts"


class ReadersBusy(ReadingStopped):
    """Others' files are being read for so long that this one was not begun."""

    zh = "正在读取别的文件，请稍后再导入"
    en = "other files are being read: import again a little later"


class LayerNeeded(GeoError):
    """The file holds several layers; one must be named."""

    zh = "文件有几个图层，请写明要哪一个，或哪几个"
    en = "several layers: name one or more"


class LayerMissing(GeoError):
    """A layer that was named is not in the file: its name, and those that are there."""

    zh = "文件里没有这个图层"
    en = "there is no such layer in the file"

    def said(self) -> tuple[str, str]:
        """Which one, and which there are."""
        return _missing(self, "图层", "layer")


class FieldMissing(GeoError):
    """A field that was named is not in the file: its name, and the columns that are there."""

    zh = "文件里没有这个字段"
    en = "there is no such field in the file"

    def said(self) -> tuple[str, str]:
        """Which one, and which columns there are."""
        return _missing(self, "字段", "field")


class CodeTooLong(GeoError):
    """A text longer than any code, as where a description was chosen for one."""

    zh = "编号太长，不像编号，请换一个编号字段"
    en = "longer than any code: choose another field for codes"


class NoAreas(GeoError):
    """Nothing in the file encloses an area."""

    zh = "文件里没有面，只有点或线"
    en = "nothing in the file encloses an area"


class OutsideTheEarth(GeoError):
    """Coordinates that are no degrees: another coordinate system, or the order turned round."""

    zh = "坐标不是经纬度：可能是别的坐标系（请填写坐标系），或经纬度写反了"
    en = "coordinates that are no degrees: another coordinate system (give it), or the order turned round"

    def said(self) -> tuple[str, str]:
        """Which zone, and in which system it would lie on the ground.

        What has words of its own takes those of each language.
        """
        zh, en = super().said()
        for half in (one for one in self.args if isinstance(one, str) and " · " in one):
            said = half.rpartition(", ")[2].split(" · ")
            zh, en = (words.replace(" · ".join(said), said[side]) for side, words in enumerate((zh, en)))
        return zh, en


class CrossesDateLine(GeoError):
    """A shape goes round a pole or spans more than half the earth: which half is meant is unknown."""

    zh = "图形绕过极点或跨过半个地球，分不清是哪一半；请在 180 度经线处切开后再导入"
    en = (
        "a shape goes round a pole or spans more than half the earth: cut it at the 180th "
        "meridian and import again"
    )


class LineDoesNotCross(GeoError):
    """A line that should split a cell does not cross it from border to border."""

    zh = "这条线没有从边到边穿过网格"
    en = "the line does not cross the cell from border to border"


class NothingLeft(GeoError):
    """The edit would leave a cell without ground."""

    zh = "这样改，有网格会一点地都不剩"
    en = "a cell would be left without ground"


class NotNeighbours(GeoError):
    """Cells to be merged do not touch."""

    zh = "要合并的网格不相邻"
    en = "the cells to be merged do not touch"
