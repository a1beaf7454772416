"""Rows of map files as they are written: numbers, alphabets, folders and pictures, format by format."""

from __future__ import annotations

import json
import sqlite3
import struct
from pathlib import Path
from typing import Any

import pytest
import shapely

from geo.errors import FileUnreadable, OpensElsewhere
from geo.formats import dbf, geojson, gpkg, kml
from geo.formats.spelling import codec_of
from geo.mapfile import Feature, whole_letters, write_map

SQUARE = [[[120, 36], [120.1, 36], [120.1, 36.1], [120, 36]]]
POLYGON = (
    "<Polygon><outerBoundaryIs><LinearRing><coordinates>120,36,0 120.1,36,0 "
    "120.1,36.1,0</coordinates></LinearRing></outerBoundaryIs></Polygon>"
)


def zones(*codes: str, key: str = "code") -> bytes:
    """A GeoJSON of as many zones, each code as it is written."""
    geometry = json.dumps({"type": "Polygon", "coordinates": SQUARE})
    rows = [f'{{"type":"Feature","properties":{{"{key}":{code}}},"geometry":{geometry}}}' for code in codes]
    return f'{{"type":"FeatureCollection","features":[{",".join(rows)}]}}'.encode()


def shown(data: bytes) -> list[str | None]:
    rows = geojson.drawn(data, 1000).rows.rows
    return [None if "code" not in row else str(row["code"]) for row in rows.values()]


def test_a_code_of_geojson_is_its_text_whatever_stands_in_other_rows() -> None:
    written = [
        "101",
        "370202001001001001",
        "370202001001001001002",
        "1.10",
        "101.0",
        '"007"',
        '"１０１"',
        '" A 1 "',
        "true",
    ]
    expected = [one.strip('"') for one in written]
    assert shown(zones(*written, "null")) == [*expected, None]
    assert [shown(zones(one)) for one in written] == [[one] for one in expected]


def test_an_exponent_is_the_writers_and_not_the_codes() -> None:
    assert shown(zones("1.01e2", "2.5E-1", "1e300")) == ["101", "0.25", "1e300"]
    found = dbf.rows_of(
        table([("code", "F", 20, 11)], [b"1.01000000000e+002"], [b"7.00000000000e+000"]), None
    )
    assert [row["code"] for row in found.rows.values()] == ["101", "7"]


def test_what_stands_beside_a_rows_properties_is_its_code_if_it_is_a_word() -> None:
    for ids, key in ((["a", 7], None), ([1, 2], "id")):
        whole = json.loads(zones('"x"', '"y"'))
        for one, number in zip(whole["features"], ids, strict=True):
            one["id"] = number
        found = geojson.drawn(json.dumps(whole).encode(), 1000).rows
        assert ([row["id"] for row in found.rows.values()], found.key) == (ids, key)
        assert ("id" in found.columns) == (key is None)


def test_a_broken_shape_of_geojson_leaves_out_its_own_row_alone() -> None:
    whole = json.loads(zones('"a"', '"b"', '"c"', '"d"'))
    whole["features"][1]["geometry"]["coordinates"] = [[[120, 36], ["x", 36], [120, 36]]]
    whole["features"][2]["geometry"] = {"type": "Triangle", "coordinates": SQUARE}
    found = geojson.drawn(json.dumps(whole).encode(), 1000)
    assert [row["code"] for row in found.rows.rows.values()] == ["a", "d"]
    assert [one.code for one in found.rows.findings] == ["unreadable_shape"] * 2


def test_geojson_in_another_alphabet_is_read_value_by_value() -> None:
    mixed = zones('"乙区"').replace("乙区".encode(), "甲".encode("gbk"), 0)
    odd = mixed.replace(
        b'{"type":"Feature"', zones('"甲区"').split(b'"features":[')[1][:-2] + b',{"type":"Feature"', 1
    )
    odd = odd.replace("甲区".encode(), "甲区".encode("gbk"))
    found = geojson.drawn(odd, 1000)
    assert [row["code"] for row in found.rows.rows.values()] == ["甲区", "乙区"]
    assert [(one.code, one.zones) for one in found.rows.findings] == [("guessed_text", ("甲区",))]
    assert shown(zones('"誠"').decode().encode("gb18030")) == ["誠"], (
        "the second byte of this one is a backslash"
    )
    assert shown(zones('"乙区"').decode().encode("utf-16")) == ["乙区"]


def table(columns: list[tuple[str, str, int, int]], *rows: list[bytes], language: int = 0) -> bytes:
    """A Shapefile's table: columns (name, kind, width, decimals), values as bytes."""
    size = 1 + sum(width for _, _, width, _ in columns)
    head = struct.pack("<B3BIHH17xB2x", 3, 126, 1, 1, len(rows), 33 + 32 * len(columns), size, language)
    for name, kind, width, decimals in columns:
        head += (
            name.encode().ljust(11, b"\0") + kind.encode() + bytes(4) + bytes([width, decimals]) + bytes(14)
        )
    body = b"".join(
        b" "
        + b"".join(
            v.rjust(w) if k == "N" else v.ljust(w) for v, (_, k, w, _) in zip(row, columns, strict=True)
        )
        for row in rows
    )
    return head + b"\r" + body + b"\x1a"


def names_of(
    *values: bytes, said: bytes | None = None, width: int = 12, language: int = 0
) -> tuple[list[str], list[str]]:
    found = dbf.rows_of(table([("name", "C", width, 0)], *[[one] for one in values], language=language), said)
    return [row["name"] for row in found.rows.values()], [one.code for one in found.findings]


def test_a_number_of_a_shapefile_is_its_digits() -> None:
    columns = [("whole", "N", 18, 0), ("real", "N", 24, 15), ("two", "N", 8, 2), ("text", "C", 8, 0)]
    rows = [
        [b"101", b"101.000000000000000", b"1.50", b"007"],
        [b"", b"", b"", b""],
        [b"370202001001001001", b"34.859999999999999", b"2.00", b" 1 A"],
    ]
    found = dbf.rows_of(table(columns, *rows), None)
    assert found.columns == ["whole", "real", "two", "text"]
    assert list(found.rows.values()) == [
        {"whole": "101", "real": "101", "two": "1.5", "text": "007"},
        {},
        {"whole": "370202001001001001", "real": "34.86", "two": "2", "text": " 1 A"},
    ]


def test_one_value_in_another_alphabet_is_read_and_told_whatever_the_file_declares() -> None:
    assert names_of("乙区".encode("gbk"), "丙区".encode(), said=b"GBK") == (
        ["乙区", "丙区"],
        ["guessed_text"],
    )
    cut = "浮山后东片区".encode("gbk")[:11]
    assert names_of("乙区".encode(), cut, said=b"UTF-8", width=11) == (["乙区", "浮山后东片"], ["cut_text"])


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("12345678901234567.0000", "12345678901234567"),
        ("12345678901234599.0000", "12345678901234599"),
        ("370203001001001234.", "370203001001001234"),
        ("1234567890123456.5000", "1234567890123456.5"),
        ("999999999999999.9000", "999999999999999.9"),
        ("0.00001234567890123400", "0.000012345678901234"),
        ("-12345678901234567.000", "-12345678901234567"),
        (".000", "0"),
    ],
)
def test_a_long_number_of_a_shapefile_keeps_its_digits(written: str, read: str) -> None:
    found = dbf.rows_of(table([("code", "N", 24, 4)], [written.encode()]), None)
    assert found.rows == {0: {"code": read}}


@pytest.mark.parametrize("codec", ["utf-8", "gbk", "gb18030", "big5"])
def test_a_character_cut_at_the_width_is_left_out_and_the_others_stay(codec: str) -> None:
    """Whether the encoding is said or not, and however much of the character is left."""
    letters = "東區一二三四五六七八九"
    text, other = letters.encode(codec), "東區".encode(codec)
    for width in range(len(text) - 7, len(text)):
        for said in (codec.encode(), None):
            if codec == "big5" and said is None:
                continue
            names, codes = names_of(text[:width], other, said=said, width=width)
            assert names == [text[:width].decode(codec, "ignore"), "東區"], (width, said)
            is_cut = text[:width].decode(codec, "ignore").encode(codec) != text[:width]
            assert ("cut_text" in codes) == is_cut, (width, said, codes)


def test_a_guess_about_an_encoding_covers_one_value_and_is_told() -> None:
    assert names_of("乙区".encode(), "甲区".encode("gbk"), said=b"UTF-8") == (
        ["乙区", "甲区"],
        ["guessed_text"],
    )
    assert names_of("乙区".encode("gbk"), "甲区街".encode(), said=b"GBK")[0][0] == "乙区"
    assert names_of(b"A\xff\xfe\xff", "乙区".encode(), said=b"UTF-8") == (["A", "乙区"], ["guessed_text"])
    assert names_of("Île".encode(), "Zürich".encode()) == (["Île", "Zürich"], [])
    assert names_of("Île".encode("cp1252"), said=b"ANSI 1252") == (["Île"], [])
    assert names_of("乙区".encode("gbk"), "市北区".encode("gbk")) == (["乙区", "市北区"], ["encoding"])
    assert names_of("乙区".encode("gbk"), language=0x4D) == (["乙区"], [])
    assert names_of("士林區".encode("big5"), "信義區".encode("big5"), "大安區".encode("big5"))[0] == [
        "士林區",
        "信義區",
        "大安區",
    ]
    assert names_of("市南区".encode("gbk"), said=b"ISO-8859-1") == (["市南区"], ["guessed_text"])
    assert names_of(b"A1\0\0junk", said=b"UTF-8")[0] == ["A1"]


def test_encodings_are_known_by_all_their_names() -> None:
    names = {
        "utf-8": ("UTF-8", "65001", "\ufeffutf8\r\n"),
        "gb18030": ("GBK", "gb2312", "ANSI 936", "CP936", "54936"),
        "cp950": ("BIG5", "ANSI 950"),
        "iso8859-1": ("88591",),
        "iso8859-2": ("ISO-8859-2",),
        "cp1252": ("ANSI 1252",),
        None: ("nonsense",),
    }
    for said, codec in [(one, codec) for codec, ones in names.items() for one in ones]:
        assert codec_of(said) == codec, said


def test_a_number_of_a_geopackage_is_what_it_was_kept_as(tmp_path: Path) -> None:
    path = tmp_path / "zones.gpkg"
    path.write_bytes(
        write_map(
            [Feature(shapely.box(120, 36, 121, 37), {"name": one}) for one in "甲乙丙"], "zones", "gpkg"
        )
    )
    with sqlite3.connect(path) as database:
        # The triggers of the index ask for functions that only a map program has.
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        for column, kind, values in (
            ("whole", "INTEGER", (101, None, 370202001001001001)),
            ("real", "REAL", (101.0, 1.5, None)),
            ("long", "REAL", (370203001001001234, -1e15, 1e20)),
            ("word", "TEXT", ("007", "", None)),
        ):
            database.execute(f"ALTER TABLE zones ADD COLUMN {column} {kind}")
            database.executemany(
                f"UPDATE zones SET {column} = ? WHERE fid = ?",
                [(v, n) for n, v in enumerate(values, start=1)],
            )
    database.close()
    found = gpkg.rows_of(path, "zones")
    assert (found.columns, found.key) == (["name", "whole", "real", "long", "word"], "fid")
    assert found.rows[1] == {
        "fid": 1,
        "name": "甲",
        "whole": 101,
        "real": 101,
        "long": int(370203001001001234.0),
        "word": "007",
    }
    assert (found.rows[2]["long"], found.rows[3]["long"]) == (-(10**15), "1" + "0" * 20)
    assert (found.rows[2]["real"], found.rows[3]["whole"]) == (1.5, 370202001001001001)


def document(inside: str, encoding: str = "UTF-8") -> bytes:
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?><kml '
        f'xmlns="http://www.opengis.net/kml/2.2"><Document>{inside}</Document></kml>'
    )
    return text.encode(encoding)


def mark(name: str, more: str = "", shape: str = POLYGON) -> str:
    return f"<Placemark><name>{name}</name>{more}{shape}</Placemark>"


def read(*documents: bytes) -> Any:
    return kml.drawn({f"{'doc' if n == 0 else n}.kml": one for n, one in enumerate(documents)}, 1000)


def test_one_careless_sign_costs_a_kml_nothing_and_a_folder_may_name_itself_last() -> None:
    inside = f"<Folder>{mark('甲 & 乙&nbsp;')}{mark('丙' + chr(11))}<name>东片</name></Folder>"
    found = read(document(inside))
    assert [row["Name"] for row in found.rows.rows.values()] == ["甲 & 乙&nbsp;", "丙"]
    assert found.groups == [("东片",), ("东片",)]


def test_folders_of_a_kml_are_groups_however_deep() -> None:
    inside = (
        f"<Folder><name>市区</name><Folder><name>东片</name>{mark('甲')}</Folder>{mark('乙')}</Folder>"
        f"<Folder>{mark('丙')}</Folder>{mark('丁')}"
    )
    found = read(document(inside))
    assert [row["Name"] for row in found.rows.rows.values()] == ["甲", "乙", "丙", "丁"]
    assert found.groups == [("市区", "东片"), ("市区",), (), ()]
    assert [row["Name"] for row in found.within(frozenset({"东片"})).rows.rows.values()] == ["甲"]
    assert len(found.within(frozenset({"市区"})).shapes) == 2


def test_all_documents_of_a_kmz_are_read_and_each_once() -> None:
    link = "<NetworkLink><name>西片</name><Link><href>1.kml</href></Link></NetworkLink>"
    found = read(document(mark("甲") + link), document(mark("乙")), document(mark("丙")))
    assert [(row["Name"], row.get("folder")) for row in found.rows.rows.values()] == [
        ("甲", None),
        ("乙", "西片"),
        ("丙", None),
    ]


def test_pictures_and_links_of_a_kml_are_left_out_and_named() -> None:
    box = "<LatLonBox><north>37</north><south>35</south><east>121</east><west>120</west></LatLonBox>"
    aside = (
        f"<GroundOverlay><name>图</name>{box}</GroundOverlay><ScreenOverlay><name>标</name></ScreenOverlay>"
    )
    aside += "<PhotoOverlay><name>照</name><Point><coordinates>120,36</coordinates></Point></PhotoOverlay>"
    aside += "<NetworkLink><name>别处</name><Link><href>http://127.0.0.1:1/x.kml</href></Link></NetworkLink>"
    found = read(document(aside + mark("甲")))
    assert [row["Name"] for row in found.rows.rows.values()] == ["甲"]
    assert [(one.code, one.zones[0]) for one in found.rows.findings] == [
        ("picture", "图"),
        ("picture", "标"),
        ("picture", "照"),
        ("link", "别处"),
    ]
    with pytest.raises(OpensElsewhere):
        read(document(aside))


def test_values_of_a_kml_are_its_text_in_whatever_alphabet() -> None:
    schema = '<Schema id="s"><SimpleField name="code" type="int"/></Schema>'
    data = (
        '<ExtendedData><SchemaData schemaUrl="#s"><SimpleData '
        'name="code">007</SimpleData></SchemaData><Data '
        'name="片"><value>0101</value></Data></ExtendedData>'
    )
    for encoding in ("UTF-8", "GBK", "GB2312", "GB18030", "UTF-16", "BIG5"):
        found = read(document(schema + mark("甲", data) + mark("乙"), encoding))
        assert found.rows.rows[0] == {"Name": "甲", "code": "007", "片": "0101"}, encoding
        assert (found.rows.rows[1], found.rows.findings) == ({"Name": "乙"}, []), encoding
    mixed = document(mark("乙区") + mark("甲区")).replace("甲区".encode(), "甲区".encode("gbk"))
    found = read(mixed)
    assert [row["Name"] for row in found.rows.rows.values()] == ["乙区", "甲区"]
    assert [one.code for one in found.rows.findings] == ["guessed_text"]


def test_a_broken_placemark_leaves_out_itself_alone() -> None:
    bad = POLYGON.replace("120.1,36,0", "120.1;36;0")
    sloppy = POLYGON.replace(",0 ", " , 0\n ").replace("120,36", "120 , 36")
    found = read(
        document(mark("坏", shape=bad) + mark("好") + mark("松", shape=sloppy) + mark("空", shape=""))
    )
    assert [row["Name"] for row in found.rows.rows.values()] == ["好", "松", "空"]
    assert [(one.code, one.zones) for one in found.rows.findings] == [("unreadable_shape", ("坏",))]
    assert found.shapes[0].area == found.shapes[1].area > 0
    with pytest.raises(FileUnreadable):
        read(b"<kml><Document>")


def test_a_text_too_long_for_a_shapefile_is_cut_between_letters() -> None:
    assert whole_letters("网格" * 60, 254) == ("网格" * 60)[:84]
    assert whole_letters("short", 254) == "short"
