"""Map files that would have their reader open something else.

Nothing is opened, and each is told in words.
"""

from __future__ import annotations

import contextlib
import io
import json
import socket
import sqlite3
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import shapely

from backend.core.confined import maps as map_reading
from backend.core.confined.limits import MEGABYTE, Limits
from backend.core.confined.maps import read_map
from backend.core.confined.reader import Reader
from geo.errors import OpensElsewhere, ReadersBusy, ReadingStopped, ReadingTooLong, ReadingTooMuch
from geo.mapfile import Feature, write_map

SECRET = "the-signing-key-of-this-server"
ROW = [Feature(shapely.box(120, 36, 120.1, 36.1), {"name": "甲区"})]
PLACE = "<Point><coordinates>120.3,36.1</coordinates></Point>"
ELSEWHERE, UNREADABLE, LARGE = "OpensElsewhere", "FileUnreadable", "FileTooLarge"
# With points, however empty, and rows without a header: what a reader without walls gives back, line by line.
LAYER = (
    "<OGRVRTLayer name='secret-key'><SrcDataSource>{source}</SrcDataSource>"
    "<OpenOptions><OOI key='HEADERS'>NO</OOI></OpenOptions>"
    "<GeometryType>wkbPoint</GeometryType><LayerSRS>EPSG:4326</LayerSRS></OGRVRTLayer>"
)
VRT = f"<OGRVRTDataSource>{LAYER}</OGRVRTDataSource>"
DEEP = '{"type":"GeometryCollection","geometries":[' * 200 + "]}" * 200


def kml(inside: str, before: str = "") -> str:
    space = "http://www.opengis.net/kml/2.2"
    return f'<?xml version="1.0"?>{before}<kml xmlns="{space}"><Document>{inside}</Document></kml>'


def geojson(**more: Any) -> str:
    row = {
        "type": "Feature",
        "properties": {"name": "甲"},
        "geometry": {"type": "Point", "coordinates": [120.3, 36.1]},
    }
    return json.dumps({"type": "FeatureCollection", "features": [row]} | more)


LINKED = {"type": "link", "properties": {"href": "{url}", "type": "proj4"}}
LAUGHS = "<!DOCTYPE kml [<!ENTITY a 'ha'>" + "".join(
    f"<!ENTITY {new} '{f'&{old};' * 10}'>" for old, new in zip("abcdefghi", "bcdefghij", strict=True)
)
# What is sent ({secret}: a file's path, {url}: a listening port), and what must be said;
# None: it is read as it is.
TEXTS: dict[str, tuple[str, str | None]] = {
    "vrt: a file": (VRT.replace("{source}", "CSV:{secret}"), ELSEWHERE),
    "vrt: passwords": (VRT.replace("{source}", "CSV:/etc/passwd").replace("secret-key", "passwd"), ELSEWHERE),
    "vrt: an address": (VRT.replace("{source}", "/vsicurl/{url}/x.geojson"), ELSEWHERE),
    "vrt: behind a comment": ("\ufeff \n<!-- a map -->" + VRT.replace("{source}", "CSV:{secret}"), ELSEWHERE),
    "vrt: cut": (VRT.replace("{source}", "{secret}")[:-5], ELSEWHERE),
    "vrt: union": (
        f"<OGRVRTDataSource><OGRVRTUnionLayer name='u'>{LAYER}</OGRVRTUnionLayer></OGRVRTDataSource>".replace(
            "{source}", "CSV:{secret}"
        ),
        ELSEWHERE,
    ),
    "vrt: grid": (
        "<VRTDataset><VRTRasterBand><SimpleSource>{secret}</SimpleSource></VRTRasterBand></VRTDataset>",
        ELSEWHERE,
    ),
    "wfs": ("<OGRWFSDataSource><URL>{url}</URL></OGRWFSDataSource>", ELSEWHERE),
    "wms": ("<GDAL_WMS><Service name='WMS'><ServerUrl>{url}</ServerUrl></Service></GDAL_WMS>", ELSEWHERE),
    "wfs: answer": ("<wfs:WFS_Capabilities xmlns:wfs='http://www.opengis.net/wfs'/>", ELSEWHERE),
    "gmlas": ("<GMLASConfiguration><SchemaURL>{url}</SchemaURL></GMLASConfiguration>", ELSEWHERE),
    "gml with schema": ('<FeatureCollection xmlns:xsi="x" xsi:schemaLocation="a {url}"/>', UNREADABLE),
    "gpx": ('<gpx version="1.1"><wpt lat="36" lon="120"><link href="{url}"/></wpt></gpx>', UNREADABLE),
    "georss": ('<rss version="2.0"><channel><item><link>{url}</link></item></channel></rss>', UNREADABLE),
    "osm": ('<osm version="0.6"><node id="1" lat="36" lon="120"/></osm>', UNREADABLE),
    "a name: csv": ("CSV:{secret}", UNREADABLE),
    "a name: wfs": ("WFS:{url}", UNREADABLE),
    "pdf": ("%PDF-1.4 {url}", UNREADABLE),
    "tab": ('!table\n!version 300\nDefinition Table\n File "{secret}"', UNREADABLE),
    "csv": ('WKT,name\n"POINT (120 36)",a', UNREADABLE),
    "gdal's own list of steps": (
        json.dumps({"type": "gdal_streamed_alg", "command_line": "gdal vector read {secret}"}),
        UNREADABLE,
    ),
    "topojson": (json.dumps({"type": "Topology", "objects": {"url": "{url}"}, "arcs": []}), UNREADABLE),
    "esri json": (
        json.dumps({"geometryType": "esriGeometryPoint", "url": "{url}", "features": []}),
        UNREADABLE,
    ),
    "tiles": (json.dumps({"links": [{"rel": "data", "href": "{url}"}], "collections": []}), UNREADABLE),
    "geojson: linked crs": (geojson(crs=LINKED), ELSEWHERE),
    "geojson: hidden link": (
        geojson(crs=LINKED).replace('"crs"', '"\\u0063rs"').replace('"link"', '"l\\u0069nk"'),
        ELSEWHERE,
    ),
    "geojson: crs in a file": (geojson(crs={"type": "file", "properties": {"name": "{secret}"}}), ELSEWHERE),
    "geojson: linked in a shape": (
        geojson(
            features=[
                {
                    "type": "Feature",
                    "properties": {},
                    "geometry": {"type": "Point", "coordinates": [1, 2], "crs": LINKED},
                }
            ]
        ),
        ELSEWHERE,
    ),
    "geojson: address as a name": (geojson(crs={"type": "name", "properties": {"name": "{url}"}}), None),
    "geojson: address as data": (
        geojson(
            features=[
                {
                    "type": "Feature",
                    "properties": {"crs": "{url}", "link": "{url}"},
                    "geometry": {"type": "Point", "coordinates": [120, 36]},
                }
            ]
        ),
        None,
    ),
    "geojson: 200 deep": ('{"type":"Feature","properties":{},"geometry":' + DEEP + "}", UNREADABLE),
    "kml: link": (kml("<NetworkLink><Link><href>{url}/x.kml</href></Link></NetworkLink>"), ELSEWHERE),
    "kml: link to a file": (kml("<NetworkLink><Url><href>{secret}</href></Url></NetworkLink>"), ELSEWHERE),
    "kml: entity": (
        kml(
            f"<Placemark><name>&k;</name>{PLACE}</Placemark>",
            '<!DOCTYPE kml [<!ENTITY k SYSTEM "{secret}">]>',
        ),
        ELSEWHERE,
    ),
    "kml: entity of the kind": (kml("", '<!DOCTYPE kml [<!ENTITY % k SYSTEM "{url}"> %k;]>'), ELSEWHERE),
    "kml: a billion laughs": (kml("<Placemark><name>&j;</name></Placemark>", LAUGHS + "]>"), UNREADABLE),
    "kml: addresses as data": (
        kml(
            "<Style><IconStyle><Icon><href>{url}/i.png</href></Icon></IconStyle></Style>"
            f'<Placemark xmlns:xsi="x" xsi:schemaLocation="a {{url}}"><name>甲</name>'
            f"<styleUrl>{{url}}</styleUrl>{PLACE}</Placemark>",
            '<!DOCTYPE kml SYSTEM "{url}/kml.dtd">',
        ),
        None,
    ),
}


@pytest.fixture(scope="module")
def maps() -> Iterator[Reader]:
    """One process for all: each file is read in a copy of its own, as an import's is."""
    with Reader("geo.mapfile_reader", map_reading.LIMITS) as found:
        yield found


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A secret file and a listening port, neither of which anybody may ever ask."""
    (tmp_path / "secret-key").write_text(SECRET)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield {"secret": str(tmp_path / "secret-key"), "url": f"http://127.0.0.1:{listener.getsockname()[1]}"}
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert [one.name for one in tmp_path.iterdir()] == ["secret-key"]


def said(maps: Reader, data: bytes, name: str = "zones.json", **question: str) -> str | None:
    """The problem with a file, None where it was read; nothing that comes back may hold the secret."""
    head, body = maps.ask({"name": name} | question, data)
    whole = json.dumps(head, ensure_ascii=False).encode() + body
    assert SECRET.encode() not in whole
    assert b"root:" not in whole
    return head.get("problem")


def filled(text: str, outside: dict[str, str]) -> bytes:
    return text.replace("{secret}", outside["secret"]).replace("{url}", outside["url"]).encode()


def test_nothing_is_opened_for_a_file(maps: Reader, outside: dict[str, str]) -> None:
    for about, (text, problem) in TEXTS.items():
        for name in ("zones.json", "zones.kml", "zones.gpkg"):
            assert said(maps, filled(text, outside), name) == problem, (about, name)
    wide = TEXTS["vrt: a file"][0].replace("{secret}", outside["secret"]).encode("utf-16")
    assert said(maps, wide) == ELSEWHERE


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes], over: bytes = b"") -> bytes:
    """An archive of members, after those of the archive `over`."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        if over:
            with zipfile.ZipFile(io.BytesIO(over)) as source:
                replaced = {one for one, _ in members}
                for one in source.namelist():
                    if one not in replaced:
                        target.writestr(one, source.read(one))
        for name, data in members:
            target.writestr(name, data)
    return out.getvalue()


def link(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name)
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    return member


def locked(data: bytes) -> bytes:
    """The same archive, its members marked as encrypted."""
    found = bytearray(data)
    found[6] |= 1
    found[found.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(found)


def small_database() -> bytes:
    """A database of one table."""
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.executescript("CREATE TABLE a (b); INSERT INTO a VALUES (1)")
        return database.serialize()


def archives(outside: dict[str, str]) -> dict[str, tuple[bytes, str | None]]:
    shp = write_map(ROW, "zones", "shp")
    vrt = filled(VRT.replace("{source}", "CSV:{secret}"), outside)
    beside = VRT.replace("<SrcDataSource>{source}", "<SrcDataSource relativeToVRT='1'>d.sqlite")
    vacuum = filled(beside.replace("<Geom", "<SrcSQL>VACUUM INTO '{secret}2'</SrcSQL><Geom"), outside)
    linked = filled(kml("<NetworkLink><Link><href>{url}</href></Link></NetworkLink>"), outside)
    grid = (
        'GEOGCS["x",DATUM["x",SPHEROID["x",6378137,298.25]],PRIMEM["Greenwich",0],'
        'UNIT["degree",0.0174532925199433],EXTENSION["PROJ4","+proj=longlat +nadgrids={secret} +no_defs"]]'
    )
    return {
        "vrt beside": (zipped(("zones.vrt", vrt), over=shp), ELSEWHERE),
        "vrt as json": (zipped(("other.json", vrt), over=shp), ELSEWHERE),
        "vrt as shapefile": (zipped(("zones.shp", vrt), over=shp), ELSEWHERE),
        "vrt as notes": (zipped(("notes.xml", vrt), over=shp), ELSEWHERE),
        "vacuum into": (zipped(("zones.json", vacuum), ("d.sqlite", small_database())), ELSEWHERE),
        "link": (zipped((link("zones.json"), outside["secret"].encode())), ELSEWHERE),
        "kmz link": (zipped(("doc.kml", linked)), ELSEWHERE),
        "kmz link further in": (zipped(("doc.kml", kml("").encode()), ("layers/a.kml", linked)), ELSEWHERE),
        "climbs": (zipped(("../x.json", b"{}")), UNREADABLE),
        "absolute": (zipped(("/tmp/x.json", b"{}")), UNREADABLE),
        "many": (zipped(*((f"{n}.json", b"{}") for n in range(100_000))), LARGE),
        "locked": (locked(zipped(("zones.json", geojson().encode()))), UNREADABLE),
        "long name": (zipped(("x" * 5_000 + ".json", b"{}")), UNREADABLE),
        "xlsx": (
            zipped(("[Content_Types].xml", b"<Types/>"), ("xl/workbook.xml", b"<workbook/>")),
            UNREADABLE,
        ),
        "csv with types": (zipped(("a.csv", b"x,y\n1,2"), ("a.csvt", b"WKT")), UNREADABLE),
        "prj: an address": (zipped(("zones.prj", outside["url"].encode()), over=shp), "CrsMissing"),
        "prj: a file": (zipped(("zones.prj", filled(grid, outside)), over=shp), ELSEWHERE),
        "index of rubbish": (
            zipped(("zones.qix", b"\xff" * 400), ("zones.sbn", b"\xff" * 400), over=shp),
            None,
        ),
    }


def test_nothing_is_opened_for_an_archive(maps: Reader, outside: dict[str, str]) -> None:
    for about, (data, problem) in archives(outside).items():
        assert said(maps, data, "zones.zip") == problem, about


GPKG = {
    "view": ("CREATE VIEW v AS SELECT load_extension('{secret}') AS name", ELSEWHERE),
    "view as contents": (
        "ALTER TABLE gpkg_contents RENAME TO c; CREATE VIEW gpkg_contents AS SELECT * FROM c",
        ELSEWHERE,
    ),
    "virtual table": (
        "PRAGMA writable_schema=1; INSERT INTO sqlite_master VALUES ('table', 'v', 'v', 0, "
        "'CREATE VIRTUAL TABLE v USING VirtualOGR(''{secret}'')')",
        ELSEWHERE,
    ),
    "virtual table under another's name": (
        (
            "PRAGMA writable_schema=1; INSERT INTO sqlite_master VALUES ('table', 'v USING "
            "rtree(', 'v USING rtree(', 0, "
            "'CREATE VIRTUAL TABLE \"v USING rtree(\" USING VirtualOGR(''{secret}'')')"
        ),
        ELSEWHERE,
    ),
    "trigger": (
        "CREATE TRIGGER t AFTER INSERT ON gpkg_contents BEGIN SELECT writefile('{secret}2', 'x'); END",
        None,
    ),
    "standard's view": ("CREATE VIEW st_geometry_columns AS SELECT * FROM gpkg_geometry_columns", None),
}


def test_no_query_is_run_for_a_geopackage(
    maps: Reader, outside: dict[str, str], tmp_path_factory: Any
) -> None:
    for about, (script, problem) in GPKG.items():
        path = tmp_path_factory.mktemp("gpkg") / "zones.gpkg"
        path.write_bytes(write_map(ROW, "zones", "gpkg"))
        database = sqlite3.connect(path)
        database.executescript(script.replace("{secret}", outside["secret"]))
        database.close()
        assert said(maps, path.read_bytes(), "zones.gpkg") == problem, about
    assert said(maps, small_database(), "zones.gpkg") == UNREADABLE
    assert said(maps, b"SQLite format 3\0" + b"\xff" * 9_000, "zones.gpkg") == UNREADABLE


def test_an_answer_about_the_system_opens_nothing(maps: Reader, outside: dict[str, str]) -> None:
    data = zipped(("zones.prj", b""), over=write_map(ROW, "zones", "shp"))
    for crs, problem in (
        (f"+proj=longlat +nadgrids={outside['secret']} +type=crs", ELSEWHERE),
        (f"+init={outside['secret']}:1", ELSEWHERE),
        (outside["url"], "UnknownCrs"),
        (outside["secret"], "UnknownCrs"),
        ("+proj=longlat +nadgrids=@null +ellps=krass +type=crs", None),
        ("EPSG:4326", None),
    ):
        assert said(maps, data, "zones.zip", crs=crs) == problem, crs


def test_whole_archives_of_kml_are_read_with_their_links(maps: Reader) -> None:
    assert said(maps, write_map(ROW, "zones", "kmz"), "zones.kmz") is None


def test_a_person_is_told_what_it_would_have_opened() -> None:
    with pytest.raises(OpensElsewhere) as told:
        read_map(VRT.encode(), "zones.json")
    zh, en = told.value.said()
    assert "OGRVRTDataSource" in zh
    assert "OGRVRTDataSource" in en


@pytest.mark.parametrize(
    ("limits", "error"),
    [
        (Limits(cpu_seconds=1, wall_seconds=1), ReadingTooLong),
        (Limits(memory=256 * MEGABYTE), ReadingTooMuch),
        (Limits(answer=1_000), ReadingTooMuch),
    ],
    ids=["time", "memory", "answer"],
)
def test_what_runs_over_is_told(
    limits: Limits, error: type[ReadingStopped], monkeypatch: pytest.MonkeyPatch
) -> None:
    many = json.loads(geojson())
    many["features"] *= 100 if limits.answer == 1_000 else 100_000
    monkeypatch.setattr(map_reading, "LIMITS", limits)
    with pytest.raises(error):
        read_map(json.dumps(many).encode(), "zones.json")


def test_files_wait_for_each_other_and_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(map_reading, "LIMITS", Limits(wall_seconds=0))
    monkeypatch.setattr("backend.core.confined.reader._AT_ONCE", _Taken())
    with pytest.raises(ReadersBusy):
        read_map(geojson().encode(), "zones.json")


class _Taken:
    """A semaphore that others hold."""

    def acquire(self, timeout: float) -> bool:
        return timeout > 0
