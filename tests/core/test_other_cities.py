"""Names, codes and logins in the letters of another country.

They are kept, found, masked and exported like those of Qingdao.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from backend.core.confined.maps import read_map
from backend.core.geometry import shape_of
from backend.core.queries.masks import mask
from geo.mapfile import FORMATS, Feature, write_map
from tests.conftest import Person
from tests.factories import PASSWORD, Town, middle, square, uid

As = Callable[[str], Person]
NAMES = (
    "Saint-Jean-d'Îles",
    "حي النخيل",
    'Großstraße <b>&</b> "Süd"',
    "O'Brien's Ward № 7/Ñuñoa",
    "שכונת הגפן",
    "Y" * 190,
)
CODE = "Ñ/7'é\"<" + "z" * 3993
SHORTER = CODE[:200]
LOGIN = "Ø'Néill-07"
# How customers are named and written to, and what of it a person types to find them.
PEOPLE: tuple[tuple[str, str, str], ...] = (
    ("O'Brien, Siobhán", "12 Rue de l'Église", "+1 (907) 555-0100"),
    ("محمد العلي", "شارع الملك ٥", "+971 50 123 4567"),
    ("Müller-Lüdenscheidt", "4 Main St", "8123"),
    ("ÅSA ÖBERG", "Björkgatan 9", "06 12 34 56 78"),
)


def etag(person: Person, path: str) -> int:
    return int(person("GET", path).headers["ETag"].strip('"'))


def test_names_of_units_and_cells_come_back_by_every_way(as_: As, town: Town) -> None:
    admin, cell = as_("admin"), f"/cells/{town['cell 0']}"
    for name in NAMES:
        for path, values in (
            (cell, {"name": name, "code": SHORTER}),
            (f"/units/{town['north']}", {"name": name}),
        ):
            assert admin("PATCH", path, values, version=etag(admin, path)).status_code == 200, name
        for format_ in FORMATS:
            answer = as_("dispatcher")("GET", f"/maps/cells/export?format={format_}")
            rows = read_map(answer.data, answer.headers["Content-Disposition"].split('"')[1])
            assert name in {row.fields.get("name") or row.fields.get("Name") for row in rows}, (format_, name)
        shown = as_("rep").get("/territory/cell", query_string={"lng": 120.31, "lat": 36.06})
        assert name in str(shown), name
    too_long = admin("PATCH", cell, {"code": CODE + "z"}, version=etag(admin, cell))
    assert [one["field"] for one in too_long.get_json()["faults"]] == ["code"]
    assert as_("stranger")("GET", cell).status_code == 404


def test_a_zone_with_a_long_code_is_the_same_cell_in_the_next_file(as_: As, town: Town) -> None:
    office, same = as_("supervisor"), "Municipalité-de-L'Île-d'Orléans/secteur-"

    def imported(first: str, second: str) -> dict[str, str]:
        rows = [("ouest", first, square(0)), ("centre", second, square(1)), ("est", "שכונה", square(2))]
        zones = [Feature(shape_of(shape), {"name": name, "code": same + code}) for code, name, shape in rows]
        query = {"unit_id": town["north"], "filename": "zones.geojson"}
        data, type_ = write_map(zones, "zones", "geojson"), "application/octet-stream"
        plan = office(
            "POST", "/territory/imports", query_string=query, data=data, content_type=type_
        ).get_json()
        assert plan["findings"] == []
        accepted = office("PUT", f"/territory/plans/{plan['id']}/acceptance", {})
        assert accepted.status_code == 200, accepted.text
        rows = office.get("/cells")["rows"]
        return {one["name"]: one["id"] for one in rows if not one["valid_until"]}

    before, after = imported("Ouest", "حي"), imported("Ouest d'Île", "حي")
    assert after == {"Ouest d'Île": before["Ouest"], "حي": before["حي"], "שכונה": before["שכונה"]}


def test_customers_are_found_however_their_names_are_typed_and_masked_alike(as_: As, town: Town) -> None:
    office, auditor = as_("dispatcher"), as_("auditor")
    for n, (name, address, phone) in enumerate(PEOPLE):
        values = {
            "number": f"É-{n}",
            "name": name,
            "category": "resident",
            "phone": phone,
            "cell_id": town["cell 0"],
        }
        # Four digits in a sentence are told from no others: of such a number only the field is masked.
        note = f"{phone if len(phone) > 4 else 'ring'} le 2026-11-27 08:00, 05/06/2026"
        made = office("POST", "/customers", values | {"note": note}).get_json()
        spot = {"customer_id": made["id"], "cell_id": town["cell 0"], "address": address, "place": middle(0)}
        made_spot = office(
            "POST", "/service-points", spot | {"meter_number": f"Mtr'é{n}", "nature": "residential"}
        )
        assert made_spot.status_code == 201
        for words in (name, address, phone, f"mtr'É{n}"):
            for typed in (words, words.lower(), words.upper()):
                found = office.get("/territory/customers", query_string={"words": typed})
                assert made["id"] in str(found), typed
                assert made["id"] not in str(
                    as_("stranger").get("/territory/customers", query_string={"words": typed})
                )
        assert as_("stranger")("GET", f"/customers/{made['id']}").status_code == 404
        seen = auditor.get(f"/customers/{made['id']}")
        assert seen["name"] == name[0] + "*" * (len(name) - 1)
        told = str({field: value for field, value in seen.items() if not field.endswith("id")})
        for hidden in (name[1:], phone, phone[:-2]):
            assert hidden not in told, hidden
        assert "2026-11-27 08:00, 05/06/2026" in seen["note"]
        point = auditor.get(f"/service-points/{made_spot.get_json()['id']}")
        assert not any(one.isdigit() for one in point["address"]), point["address"]
        where = auditor("GET", "/maps/customers/export").text
        assert not [one for one in (name, address, phone) if one in where]


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("+33 6 12 34 56 78", "+33************78"),
        ("(907) 555-0100", "(90*********00"),
        ("020 7946 0958", "020********58"),
        ("8123", "8123"),
        ("01.02.2026 10.30, 192.168.100.1", "01.02.2026 10.30, 192.168.100.1"),
    ],
)
def test_numbers_in_free_text_lose_their_middle(written: str, left: str) -> None:
    assert mask("text", f"(ring {written})") == f"(ring {left})"


def test_an_account_is_opened_by_its_login_however_it_is_typed(as_: As, app: Flask, town: Town) -> None:
    admin = as_("admin")
    person = {"staff_number": LOGIN, "name": "Ørjan Ó Néill", "post": "hall_agent", "employment": "own",
              "unit_id": town["north"], "is_active": True}  # fmt: skip
    made: dict[str, Any] = admin("POST", "/staff", person).get_json()
    body = {"password": PASSWORD, "roles": ["dispatcher"]}
    assert admin("PUT", f"/accounts/{made['id']}", body).status_code == 204
    for n, typed in enumerate((LOGIN, LOGIN.lower(), f" {LOGIN.upper()} ", "Ø'Ne\u0301ill-07")):
        device = {"id": uid(f"d{n}"), "name": "Siobhán's \u202bهاتف"}
        answer = app.test_client().post(
            "/api/v1/sessions", json={"login": typed, "password": PASSWORD, "device": device}
        )
        assert answer.status_code == 201, typed
        signed = Person(app.test_client(), answer.get_json()["access_token"])
        assert signed("GET", f"/cells/{town['cell 0']}").status_code == 200
        assert signed("GET", f"/cells/{town['cell 3']}").status_code == 404


def test_papers_and_links_hold_whatever_letters(as_: As, app: Flask, town: Town) -> None:
    office, admin = as_("dispatcher"), as_("admin")
    for path in (f"/cells/{town['cell 0']}", f"/units/{town['north']}"):
        assert (
            admin("PATCH", path, {"name": NAMES[2] + NAMES[1]}, version=etag(admin, path)).status_code == 200
        )
    for n, words in enumerate((*NAMES[:5], "#panic() $x$ *b* _i_ [#] \\ @ref // `raw`")):
        job = {
            "matter_id": town["leak"],
            "place": middle(0),
            "address": words,
            "description": words,
        }
        made = office("POST", "/work-orders", job)
        assert made.status_code == 201, made.text
        path = f"/papers/service-sheets/{made.get_json()['id']}"
        with office("GET", path) as paper:
            assert (paper.status_code, paper.data[:5]) == (200, b"%PDF-"), words
        assert as_("stranger")("GET", path).status_code == 404
        if n == 0:
            url = office("POST", f"{path}/links", {"hours": 1}).get_json()["url"]
            with app.test_client().get(url) as shared:
                assert (shared.status_code, shared.data[:5]) == (200, b"%PDF-")
