"""Reads map files in this process as the confined one does: layers, systems, archives, refusals."""

from __future__ import annotations

import contextlib
import ctypes
import io
import json
import sqlite3
import stat
import zipfile
from pathlib import Path
from typing import Any

import pyogrio._ogr
import pytest
import shapely

from geo import mapfile_reader
from geo.errors import FileTooLarge, FileUnreadable
from geo.foreign import kind_of
from geo.formats import gpkg
from geo.mapfile import Feature, write_map
from geo.mapfile_archive import _copy, unzipped

HERE, EAST = shapely.box(120, 36, 120.1, 36.1), shapely.box(120.1, 36, 120.2, 36.1)
PLACEMARK = "<Placemark><name>{}</name><Point><coordinates>120,36</coordinates></Point></Placemark>"
GAUSS = "EPSG:4528"


GDAL = ctypes.CDLL(pyogrio._ogr.__file__)
GDAL.GDALGetDriver.restype = ctypes.c_void_p
GDAL.GDALRegisterDriver.argtypes = [ctypes.c_void_p]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader works in an empty folder."""
    monkeypatch.chdir(tmp_path)


def read(data: bytes, name: str = "zones.json", **question: Any) -> dict[str, Any]:
    """The head of the answer; GDAL's drivers, which the reader puts aside for good, are given back."""
    drivers = [GDAL.GDALGetDriver(n) for n in range(GDAL.GDALGetDriverCount())]
    try:
        head, body = mapfile_reader.answer({"name": name} | question, data)
    finally:
        for one in drivers:
            GDAL.GDALRegisterDriver(one)
    assert sum(head.get("sizes", ())) == len(body)
    return head


def problem(data: bytes, name: str = "zones.json", **question: Any) -> str | None:
    return read(data, name, **question).get("problem")


def geojson(*rows: tuple[str, Any], **more: Any) -> bytes:
    found = [
        {
            "type": "Feature",
            "properties": {"name": name},
            "geometry": shape and json.loads(shapely.to_geojson(shape)),
        }
        for name, shape in rows
    ]
    return json.dumps({"type": "FeatureCollection", "features": found} | more).encode()


def kml(inside: str) -> bytes:
    return f"<kml><Document>{inside}</Document></kml>".encode()


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as target:
        for name, data in members:
            target.writestr(name, data)
    return out.getvalue()


def members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as source:
        return {name: source.read(name) for name in source.namelist()}


def drawn(format_: str, layer: str = "zones", *shapes: Any) -> bytes:
    return write_map(
        [Feature(one, {"name": f"区{n}"}) for n, one in enumerate(shapes or [HERE])], layer, format_
    )


@pytest.mark.parametrize("format_", ["geojson", "gpkg", "shp", "kml"])
def test_a_file_of_each_format_is_read(format_: str) -> None:
    head = read(drawn(format_, "zones", HERE, EAST), "zones." + format_)
    assert [row.get("name") or row.get("Name") for row in head["fields"]] == ["区0", "区1"]
    assert [round(x, 3) for x, _ in head["sample"]] == [120.05, 120.15]


def test_a_row_without_a_shape_stays_a_row() -> None:
    head = read(geojson(("a", HERE), ("b", None)))
    assert [size > 0 for size in head["sizes"]] == [True, False]
    assert [row["name"] for row in head["fields"]] == ["a", "b"]


def test_no_rows_are_read_too() -> None:
    head = read(geojson())
    assert (head["fields"], head["sample"], head["crs"]) == ([], [], "EPSG:4326")


def named(crs: str) -> dict[str, Any]:
    return {"crs": {"type": "name", "properties": {"name": crs}}}


METRES = shapely.box(40_534_000, 3_990_000, 40_535_000, 3_991_000)


@pytest.mark.parametrize(
    ("data", "given", "crs", "is_said", "finding"),
    [
        (geojson(("a", HERE)), None, "EPSG:4326", False, None),
        # What a file says is believed, and what was given told as unused.
        (geojson(("a", METRES), **named(GAUSS)), "EPSG:4326", GAUSS, True, "crs_unused"),
        (geojson(("a", METRES), **named(GAUSS)), GAUSS, GAUSS, True, None),
        # A system nobody knows says nothing.
        (geojson(("a", HERE), **named("nonsense")), None, "EPSG:4326", False, None),
        # GeoJSON is in degrees unless its figures are none.
        (geojson(("a", METRES)), GAUSS, GAUSS, False, None),
        (geojson(("a", HERE)), GAUSS, "EPSG:4326", False, "crs_unused"),
        (geojson(("a", HERE)), "EPSG:4490", "EPSG:4490", False, None),
    ],
)
def test_which_system_the_figures_are_in(
    data: bytes, given: str | None, crs: str, is_said: bool, finding: str | None
) -> None:
    head = read(data, crs=given)
    assert (head["crs"], head["is_said"]) == (crs, is_said)
    assert [one[0] for one in head["findings"]] == ([finding] if finding else [])


def test_a_long_description_of_a_system_is_told_by_its_name() -> None:
    long = (
        'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],'
        'PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]]'
    )
    ((_, _, zh, _),) = read(geojson(("a", HERE), **named(long)), crs=GAUSS)["findings"]
    assert "WGS 84" in zh
    assert "SPHEROID" not in zh


def test_a_shapefile_without_a_system_asks_and_believes_the_answer() -> None:
    parts = {name: data for name, data in members(drawn("shp")).items() if not name.endswith(".prj")}
    data = zipped(*parts.items())
    assert problem(data) == "CrsMissing"
    assert (read(data, crs="EPSG:4326")["crs"], problem(data, crs="EPSG:0")) == ("EPSG:4326", "UnknownCrs")


def test_a_shapefile_is_its_shapes_where_there_is_no_table() -> None:
    parts = {name: data for name, data in members(drawn("shp")).items() if not name.endswith(".dbf")}
    assert read(zipped(*parts.items()))["fields"] == [{}]


def test_a_system_that_fits_no_place_says_nothing() -> None:
    local = b'LOCAL_CS["here",UNIT["metre",1]]'
    parts = {name: local if name.endswith(".prj") else data for name, data in members(drawn("shp")).items()}
    assert problem(zipped(*parts.items())) == "CrsMissing"


def test_several_layers_ask_which() -> None:
    data = zipped(("one.geojson", geojson(("a", HERE))), ("two.geojson", geojson(("b", EAST), ("c", HERE))))
    asked = read(data)
    assert (asked["problem"], asked["args"]) == ("LayerNeeded", ["one", "two"])
    for layer, names in (
        ("two", ["b", "c"]),
        ("two,one", ["b", "c", "a"]),
        (["one", "two"], ["a", "b", "c"]),
    ):
        assert [row["name"] for row in read(data, layer=layer)["fields"]] == names
    missing = read(data, layer="three")
    assert (missing["problem"], missing["args"]) == ("LayerMissing", ["three", "one", "two"])


def test_files_of_one_name_are_told_apart_by_their_folders_then_by_their_endings() -> None:
    row = geojson(("a", HERE))
    folders = read(zipped(("w/zones.json", row), ("e/zones.json", row)))
    endings = read(zipped(("zones.json", row), ("zones.geojson", row)))
    assert (folders["args"], endings["args"]) == (["e/zones", "w/zones"], ["zones.geojson", "zones.json"])
    assert read(zipped(("a.gpkg", drawn("gpkg")), ("b.gpkg", drawn("gpkg"))))["args"] == [
        "a/zones",
        "b/zones",
    ]


def test_folders_of_a_kml_are_chosen_by_name() -> None:
    data = kml("".join(f"<Folder><name>{one}</name>{PLACEMARK.format(one)}</Folder>" for one in "甲乙丙"))
    for layer, names in ((None, "甲乙丙"), ("乙", "乙"), ("丙、甲", "甲丙"), ("zones", "甲乙丙")):
        found = read(data, "zones.kml", layer=layer)["fields"]
        assert [row["Name"] for row in found] == list(names), layer


def test_all_documents_of_a_kmz_are_one_layer() -> None:
    data = zipped(("doc.kml", kml(PLACEMARK.format("甲"))), ("more/b.kml", kml(PLACEMARK.format("乙"))))
    assert [row["Name"] for row in read(data, "zones.kmz")["fields"]] == ["甲", "乙"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"MZ no map", "FileUnreadable"),
        (b"", "FileUnreadable"),
        (b"SQLite format 3\0 and no more", "FileUnreadable"),
        (b"\x00\x00\x27\x0a and no more", "FileUnreadable"),
        (b"PK\x03\x04" + zipped(("a.json", b"{}"))[4:-30] + zipped()[-22:], "FileUnreadable"),
        (zipped(("notes.txt", b"no map")), "FileUnreadable"),
        (zipped(("broken.geojson", b"no map"), ("../up.json", b"{}")), "FileUnreadable"),
        (zipped(("OGR.vrt", b"")), "OpensElsewhere"),
        (zipped(("notes.xml", b"<OGRWFSDataSource/>")), "OpensElsewhere"),
        (zipped(*((f"{n}.json", b"{}") for n in range(1_001))), "FileTooLarge"),
    ],
)
def test_what_is_no_map_is_refused(data: bytes, said: str) -> None:
    assert problem(data) == said


def test_more_points_or_rows_than_a_city_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapfile_reader, "MOST_ROWS", 1)
    head = read(geojson(("a", HERE), ("b", HERE)))
    assert (head["problem"], head["args"]) == ("FileTooLarge", [10])


def test_a_stranger_beside_a_map_is_left_out() -> None:
    data = zipped(("zones.json", geojson(("a", HERE))), ("other.json", b"[1, 2]"), ("leer/", b""))
    assert [row["name"] for row in read(data)["fields"]] == ["a"]


def test_a_folder_is_none_of_the_members_and_a_link_is_refused() -> None:
    linked = zipfile.ZipInfo("zones.json")
    linked.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert problem(zipped((linked, b"/etc/passwd"))) == "OpensElsewhere"


@pytest.mark.parametrize(
    ("raw", "name"),
    [("甲区".encode(), "甲区"), ("甲区".encode("gb18030"), "甲区"), (b"\xff\xfe", None), (b"plain", "plain")],
)
def test_a_members_name_is_read_in_its_writers_alphabet(raw: bytes, name: str | None) -> None:
    """Archives that do not say UTF-8: their names come as if written in the first PC's letters."""
    data = zipped(("x" * len(raw) + ".json", b"{}")).replace(b"x" * len(raw), raw)
    (found,) = unzipped(data)
    assert found.stem == (name or raw.decode("cp437"))


def test_a_member_larger_than_it_says_is_a_bomb() -> None:
    data = bytearray(zipped(("a.json", b"{}" + b" " * 100)))
    at = data.rindex(b"PK\x01\x02")
    for where in (at + 20, at + 24):
        data[where : where + 4] = (10).to_bytes(4, "little")
    assert problem(bytes(data)) in ("FileTooLarge", "FileUnreadable")


def test_no_more_is_unpacked_than_a_member_says_it_has() -> None:
    _copy(io.BytesIO(b"12345"), Path("whole"), 5)
    assert Path("whole").read_bytes() == b"12345"
    with pytest.raises(FileTooLarge):
        _copy(io.BytesIO(b"12345"), Path("bomb"), 4)


def test_a_table_whose_rows_are_a_query_is_refused() -> None:
    path = Path("made.gpkg")
    path.write_bytes(drawn("gpkg"))
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("CREATE VIEW everything AS SELECT * FROM zones")
        database.commit()
    assert read(path.read_bytes(), "zones.gpkg")["args"] == ["VIEW everything"]


# GDAL says "Field format '' not supported" of what an index holds, through a hook that cannot raise.
@pytest.mark.parametrize(
    ("sql", "is_read"),
    [
        ("CREATE VIRTUAL TABLE words USING fts4(body)", True),
        ('CREATE VIRTUAL TABLE "a b" USING rtree(id, x, y)', True),
        ("CREATE VIRTUAL TABLE anything USING fts4aux(words)", False),
    ],
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_of_virtual_tables_only_indexes_are_let_by(sql: str, is_read: bool) -> None:
    path = Path("made.gpkg")
    path.write_bytes(drawn("gpkg"))
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute(sql)
        database.commit()
    assert problem(path.read_bytes(), "zones.gpkg") == (None if is_read else "OpensElsewhere")


LINKED = {"crs": {"type": "link", "properties": {"href": "http://x"}}}


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"SQLite format 3\0", "gpkg"),
        (b"\x00\x00\x27\x0a", "shp"),
        (b"\xef\xbb\xbf \n{}", "geojson"),
        (b"<a:kml xmlns:a='x'/>", "kml"),
        (b"<!DOCTYPE kml [<!ENTITY a 'inside'>]><kml/>", "kml"),
        (geojson(crs=None), "geojson"),
        (geojson(**named("EPSG:4326")), "geojson"),
    ],
)
def test_a_kind_is_known_by_its_content(data: bytes, kind: str) -> None:
    assert kind_of(data, "zones") == kind


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (geojson(**LINKED), "OpensElsewhere"),
        (geojson(**named("+proj=longlat +nadgrids=@/etc/passwd")), "OpensElsewhere"),
        (b'{"crs": {"type": "name", "properties": ', "FileUnreadable"),
        (b"<gpx/>", "FileUnreadable"),
        (b"<GDAL_WMS/>", "OpensElsewhere"),
        (b"<kml", "FileUnreadable"),
        (b"<OGRVRTDataSource ", "OpensElsewhere"),
        (b"<!DOCTYPE kml [<!ENTITY k SYSTEM 'file:///etc/passwd'>]><kml>&k;</kml>", "OpensElsewhere"),
        (b"CSV:/etc/passwd", "FileUnreadable"),
    ],
)
def test_what_points_elsewhere_or_is_no_map_is_refused(data: bytes, said: str) -> None:
    assert problem(data) == said


def test_a_system_given_by_a_person_may_name_no_file_either() -> None:
    assert problem(geojson(("a", HERE)), crs="+proj=longlat +nadgrids=/tmp/x") == "OpensElsewhere"


def test_a_driver_short_of_memory_is_no_broken_file() -> None:
    with pytest.raises(MemoryError):
        mapfile_reader._need_memory(RuntimeError("Out of memory allocating 7 bytes"))
    mapfile_reader._need_memory(RuntimeError("not recognized"))


def test_a_table_without_shapes_or_that_is_not_there_is_refused() -> None:
    path = Path("made.gpkg")
    path.write_bytes(drawn("gpkg"))
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, words TEXT)")
        about = "INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES (?, 'attributes', ?)"
        database.execute(about, ("notes", "notes"))
        database.commit()
    for layer in ("notes", "nothing"):
        with pytest.raises(FileUnreadable):
            mapfile_reader._read(path, layer)
    assert len(mapfile_reader._read(path, "zones")[2]) == 1
    assert len(read(path.read_bytes(), "zones.gpkg")["fields"]) == 1, "what has no shapes is no layer"


def test_a_table_is_read_by_its_own_numbers_or_by_sqlites() -> None:
    path = Path("made.gpkg")
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE gpkg_geometry_columns (table_name TEXT, column_name TEXT)")
        database.execute('CREATE TABLE "a ""b" (name TEXT, size REAL, picture BLOB)')
        database.execute('INSERT INTO "a ""b" VALUES (?, ?, ?)', ("甲", 7.0, b"x"))
        database.commit()
    rows = gpkg.rows_of(path, 'a "b')
    assert (rows.columns, rows.rows, rows.key) == (["name", "size"], {1: {"name": "甲", "size": 7}}, None)
    with pytest.raises(FileUnreadable):
        gpkg.rows_of(path, "nothing")
    path.write_bytes(b"no database at all")
    with pytest.raises(FileUnreadable, match="made"):
        gpkg.rows_of(path, "zones")
