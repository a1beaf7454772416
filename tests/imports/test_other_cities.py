"""Tables of cities elsewhere: columns, words, days, telephones, addresses in English, German, Spanish."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
import shapely

from backend.core.installation import USUAL, installed_as
from backend.imports.reading import coordinates, days, numbers, words
from backend.imports.reading.gazetteer import CellNamed, Gazetteer, Site
from backend.imports.reading.other_languages import NAMES, WORDS
from backend.imports.reading.proposing import propose
from backend.imports.reading.shapes import Cell, Clean, Column, Context, Field, Mapping, Row, Study
from backend.imports.reading.studying import study_of
from backend.imports.reading.tables import read_table
from backend.imports.reading.targets import TARGETS
from backend.imports.reading.translating import Translator
from backend.imports.reading.wrong import Asking, Wrong
from tests.imports.sheets import text

DAY, PHONE = Field("since", "日期", "Date"), Field("phone", "电话", "Phone", most=30)
FLAG = Field("is_active", "在岗", "Active", "flag")
BERLIN, ANGELES = ZoneInfo("Europe/Berlin"), ZoneInfo("America/Los_Angeles")


def proposed(target: str, names: Sequence[str]) -> dict[str, str]:
    return propose(TARGETS[target], [Column(n, "A", name) for n, name in enumerate(names)])


@pytest.mark.parametrize(
    ("target", "columns"),
    [
        ("customers", {"Account #": "number", "Customer Name": "name", "Service Address": "address",
                       "Phone #": "phone", "Meter #": "meter_number", "Balance Due": "", "Route": ""}),
        ("customers", {"Kundennummer": "number", "Kundenname": "name", "Straße und Hausnummer": "address",
                       "Telefon": "phone", "Zähler-Nr.": "meter_number", "Nennweite": "diameter_mm",
                       "Längengrad": "longitude", "Breitengrad": "latitude", "Bemerkung": "note", "PLZ": "",
                       "Geburtsdatum": ""}),
        ("customers", {"Nº de cliente": "number", "Nombre y apellidos": "name", "Dirección": "address",
                       "Teléfono": "phone", "Nº de medidor": "meter_number", "Tipo de uso": "nature",
                       "Observaciones": "note", "Longitud": "longitude", "Latitud": "latitude", "Deuda": ""}),
        ("staff", {"Personalnummer": "staff_number", "Mitarbeiter": "name", "Diensthandy": "work_phone",
                   "Funktion": "post", "Benutzername": "login", "Aktiv": "is_active"}),
        ("staff", {"Número de empleado": "staff_number", "Nombre": "name", "Puesto": "post",
        "Usuario": "login"}),
        ("crews", {"Trupp": "name", "Vorarbeiter": "leader", "Mitglieder": "members",
        "Kennzeichen": "vehicle"}),
        ("cell_representatives", {"Zone": "cell", "Personalnr": "staff", "Gültig ab": "valid_from",
                                  "Gültig bis": "valid_until"}),
        ("past_jobs", {"Auftragsnummer": "number", "Auftragsart": "matter", "Gemeldet am": "received_at",
                       "Erledigt am": "done_at", "Kosten": "told_cost_fen", "Kundennummer": "customer",
                       "Beschreibung": "description"}),
        ("past_visits", {"Nº de cliente": "customer", "Fecha de visita": "ended_at",
        "Observaciones": "summary"}),
    ],
)  # fmt: skip
def test_columns_of_other_languages(target: str, columns: dict[str, str]) -> None:
    assert proposed(target, list(columns)) == {field: column for column, field in columns.items() if field}


@pytest.mark.parametrize(
    "name",
    [
        "First Name",
        "LAST_NAME",
        "Vorname",
        "Nachname",
        "Geburtsname",
        "User name",
        "Street Name",
        "file-name",
    ],
)
def test_half_a_name_is_not_taken_for_the_name(name: str) -> None:
    assert "name" not in proposed("customers", ["Kundennummer", name])


@pytest.mark.parametrize(
    "name", ["Breite", "Länge", "Strecke", "Ort", "Betreff", "Saldo", "Ruta", "Fecha", "Clave"]
)
def test_what_may_mean_something_else_is_left_to_people(name: str) -> None:
    assert proposed("customers", ["Kundennummer", name]) == {"number": "Kundennummer"}


def test_names_and_words_belong_to_fields_that_there_are() -> None:
    there = {f"{one.kind}.{one.name}" for target in TARGETS.values() for one in target.fields}
    assert NAMES.keys() <= there
    for name, codes in WORDS.items():
        choices = [
            one.choices.keys() for target in TARGETS.values() for one in target.fields if one.name == name
        ]
        assert choices and all(codes.keys() <= some for some in choices)


@pytest.mark.parametrize(
    ("target", "field", "word", "code"),
    [("customers", "category", "Haushalt", "resident"), ("customers", "category", "Großkunde", "large"),
     ("customers", "category", "DOMÉSTICO", "resident"), ("customers", "nature", "Gewerbe", "commercial"),
     ("customers", "nature", "gewerblich", "commercial"), ("service_points", "nature", "público", "public"),
     ("service_points", "nature", "obra", "construction")],
)  # fmt: skip
def test_words_of_other_languages(target: str, field: str, word: str, code: str) -> None:
    assert words.choice(TARGETS[target].named(field), word, Asking({})) == code


@pytest.mark.parametrize("word", ["ja", "JA", "sí", "si", "wahr", "Verdadero", "aktiv", "activa"])
def test_yes_elsewhere(word: str) -> None:
    assert words.flag(FLAG, word, Asking({})) is True


@pytest.mark.parametrize("word", ["nein", "falsch", "Falso", "inaktiv", "inactivo"])
def test_no_elsewhere(word: str) -> None:
    assert words.flag(FLAG, word, Asking({})) is False


@pytest.mark.parametrize("word", ["k.A.", "keine Angabe", "sin datos", "Unbekannt"])
def test_nothing_elsewhere(word: str) -> None:
    assert words.is_empty(DAY, word)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("1. Mai 2023", "2023-05-01"),
        ("1 Mai 2023", "2023-05-01"),
        ("31. März 2023", "2023-03-31"),
        ("31-Dez-2023", "2023-12-31"),
        ("15. Okt. 2023", "2023-10-15"),
        ("6. Jänner 2023", "2023-01-06"),
        ("1 de mayo de 2023", "2023-05-01"),
        ("12 de octubre del 2023", "2023-10-12"),
        ("1º de enero de 2023", "2023-01-01"),
        ("15 ago 2023", "2023-08-15"),
        ("1st May 2023", "2023-05-01"),
        ("22nd-Sept-2023", "2023-09-22"),
        ("May 1 2023", "2023-05-01"),
        ("May 1st, 2023", "2023-05-01"),
        ("Sept. 3, 2023", "2023-09-03"),
        ("1 May 2023 08:30", "2023-05-01"),
    ],
)
def test_months_by_their_names(written: str, day: str) -> None:
    assert days.day(DAY, written, Asking({})) == day


@pytest.mark.parametrize(
    ("written", "code"),
    [("1. Maier 2023", "no_date"), ("Marble 1, 2023", "no_date"), ("31. Juni 2023", "no_such_day"),
     ("30 de febrero de 2023", "no_such_day"), ("Mai 2023", "no_date")],
)  # fmt: skip
def test_a_word_that_begins_like_a_month_is_none(written: str, code: str) -> None:
    with pytest.raises(Wrong) as refused:
        days.day(DAY, written, Asking({}))
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("31.12.2023 8:30 Uhr", "2023-12-31T07:30:00.000000Z"),
        ("31.12.2023 14:05", "2023-12-31T13:05:00.000000Z"),
        ("13/02/2023 3:05 p. m.", "2023-02-13T14:05:00.000000Z"),
        ("13/02/2023 12:05 a.m.", "2023-02-12T23:05:00.000000Z"),
        ("1. Juli 2023 12:00", "2023-07-01T10:00:00.000000Z"),
    ],
)
def test_moments_by_the_clock_of_another_city(written: str, moment: str) -> None:
    assert days.moment(DAY, written, Asking({}, BERLIN.key)) == moment


def studied(target: str, column: str, cells: Sequence[Cell]) -> Study:
    rows = [Row(n, (cell,)) for n, cell in enumerate(cells, 2)]
    return study_of(TARGETS[target], Mapping(target, {column: column}), [Column(0, "A", column)], rows, None)


def test_days_between_full_stops_likely_begin_with_the_day_and_are_asked_about() -> None:
    (question,) = studied("past_jobs", "received_at", ["01.05.2023", "02.03.2023 08:00"]).questions
    assert (question.name, question.likely, question.rows) == ("date_order:received_at", "dmy", 2)
    (question,) = studied("past_jobs", "received_at", ["01.05.2023", "02/03/2023"]).questions
    assert question.likely is None


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("+49 151 12345678", "+49 151 12345678"),
        ("0049 151 12345678", "0049 151 12345678"),
        ("(+49) 151 12345678", "(+49) 151 12345678"),
        ("+1 310 555 1234", "+1 310 555 1234"),
        ("+86 138 1234 5678", "13812345678"),
        ("0086-13812345678", "13812345678"),
        ("030/1234567", "030/1234567"),
        ("91/1234567", "91/1234567"),
        ("+49/30/1234567", "+49/30/1234567"),
        ("(310) 555-1234 ext. 5", "(310) 555-1234 ext. 5"),
        ("310-555-1234 or 310-555-9999", "310-555-1234/310-555-9999"),
        ("030 1234567 oder 030 7654321", "030 1234567/030 7654321"),
        ("612 345 678 y 612 345 679", "612 345 678/612 345 679"),
        ("310-555-1234 & 310-555-9999", "310-555-1234/310-555-9999"),
    ],
)
def test_telephones_of_other_countries_keep_their_code(written: str, kept: str) -> None:
    """+49 151 12345678 lost its code, and was a mobile number of China."""
    assert numbers.phone(PHONE, written, Asking({})) == kept


@pytest.mark.parametrize("written", ["12/13", "49", "+49/30", "niemand"])
def test_what_is_no_telephone_number_anywhere(written: str) -> None:
    with pytest.raises(Wrong) as refused:
        numbers.phone(PHONE, written, Asking({}))
    assert refused.value.code == "no_phone"


def test_american_numbers_make_no_column_chinese() -> None:
    """1-310-555-1234 looks like a mobile number of China, and 2125551234 like Shanghai's without its zero."""
    cells: list[Cell] = ["1-310-555-1234", "13105551234", 2125551234]
    with installed_as(replace(USUAL, time_zone=ANGELES)):
        assert studied("customers", "phone", cells).found == {}
    assert studied("customers", "phone", cells).found == {"phones": "cn"}
    assert numbers.phone(PHONE, 2125551234, Asking({})) == "2125551234"


@pytest.mark.parametrize(
    ("written", "pair"),
    [
        ("52.52, 13.405", (52.52, 13.405)),
        ("52.52,13.405", (52.52, 13.405)),
        ("52,520008; 13,404954", (52.520008, 13.404954)),
        ("52,520008 13,404954", (52.520008, 13.404954)),
        ("52,520008, 13,404954", (52.520008, 13.404954)),
        ("N 52.52, E 13.405", (52.52, 13.405)),
        ("POINT (-118.2437 34.0522)", (-118.2437, 34.0522)),
        ("34.0522 -118.2437", (34.0522, -118.2437)),
        ("34.0522;W118.2437", (34.0522, -118.2437)),
    ],
)
def test_pairs_of_figures_of_other_countries(written: str, pair: tuple[float, float]) -> None:
    assert coordinates.pair(written) == pair


@pytest.mark.parametrize("written", ["52,52", "500,123", "3,456,789", "13,4,5", "52.5,1"])
def test_a_comma_that_may_divide_two_figures_or_thousands_is_no_decimal_comma(written: str) -> None:
    with pytest.raises(Wrong) as refused:
        coordinates.degrees(written)
    assert refused.value.code == "no_coordinate"


WEST, EAST = shapely.box(-118.3, 34.0, -118.2, 34.1), shapely.box(-118.2, 34.0, -118.1, 34.1)
AMERICAN = Gazetteer(
    [CellNamed("w", "West", "W1", WEST), CellNamed("e", "East", "E1", EAST)],
    [
        *(Site(f"{n} Main St, Apt {n}, Springfield", "w", (-118.25, 34.05)) for n in (10, 12, 14)),
        *(Site(f"{n} N Oak Ave Unit 5", "e") for n in (120, 122, 124)),
        Site("1st Avenue 22", "w"),
        Site("Hauptstraße 5", "e"),
    ],
)


@pytest.mark.parametrize(
    ("address", "cell", "why", "is_sure"),
    [
        ("12 Main St, Apt 12, Springfield", "w", "at_known_address", True),
        ("12 Main St Apt 99", "w", "in_known_house", True),
        ("12 MAIN ST #3", "w", "in_known_house", True),
        ("16 Main St", "w", "near_known_house", True),
        ("901 Main St", "w", "known_around", False),
        ("126 N Oak Ave, Springfield", "e", "near_known_house", True),
        ("1 Elm St", None, "unknown_address", False),
        ("1st Avenue 23", None, "unknown_address", False),
        ("Hauptstraße 7", "e", "near_known_house", True),
        ("HAUPTSTRASSE 5", "e", "at_known_address", True),
    ],
)
def test_addresses_whose_house_comes_first(address: str, cell: str | None, why: str, is_sure: bool) -> None:
    found = AMERICAN.locate(address)
    assert (found.cell_id, found.reason.code, found.is_sure) == (cell, why, is_sure)


@pytest.mark.usefixtures("in_process")
def test_an_english_ledger_from_bytes_to_rows() -> None:
    lines = [
        "Account #,Customer Name,Service Address,Phone #,Meter #,Type,Needs care",
        '0001,"Núñez, José","12 Main St, Apt 3",(310) 555-1234,M-1,Residential,N',
        '0002,O\'Brien & Sons,"901 Oak Ave",+49 151 12345678,M-2,Large customer,yes',
        "0003,王伟,,1-310-555-1234,,household,",
    ]
    with installed_as(replace(USUAL, time_zone=ANGELES)):
        table = read_table(text(*lines), "ledger.csv")
        target = TARGETS["customers"]
        mapping = Mapping("customers", propose(target, table.columns))
        study = study_of(target, mapping, table.columns, table.rows, None)
        found = list(
            Translator(target, mapping.answered(study.found), table.columns, Context()).all(table.rows)
        )
    assert (study.found, study.questions) == ({}, ())
    first, second, third = (one.values for one in found if isinstance(one, Clean))
    assert (first["name"], first["address"], first["phone"]) == (
        "Núñez, José",
        "12 Main St, Apt 3",
        "(310) 555-1234",
    )
    assert (first["category"], first["is_vulnerable"], second["is_vulnerable"]) == ("resident", False, True)
    assert (second["name"], second["phone"], second["category"]) == (
        "O'Brien & Sons",
        "+49 151 12345678",
        "large",
    )
    assert (third["name"], third["number"], "address" in third) == ("王伟", "0003", False)
