"""How utilities elsewhere (English, German, Spanish) call columns and words, beside what fields have.

Only what is certain: a name that elsewhere means something else is left to the person who maps the columns.
Names of columns stand under the record's kind and the field's name, words under the field's name and code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from backend.imports.reading.shapes import Field

_CUSTOMER_NUMBERS = (
    "account #", "acct #", "acct. no.", "customer #", "customer no", "utility account", "kundennummer",
    "kundennr",
    "kunden-nr.", "kunden nr.", "kd-nr.", "vertragskonto", "vertragskontonummer", "número de cliente",
    "nº cliente",
    "nº de cliente", "núm. cliente", "código de cliente", "número de abonado", "nº de abonado",
    "número de cuenta",
    "nº de cuenta", "número de contrato",
)  # fmt: skip
_STAFF_NUMBERS = (
    "staff #", "employee #", "personalnummer", "personalnr", "personal-nr.", "mitarbeiternummer",
    "número de empleado", "nº de empleado", "código de empleado",
)  # fmt: skip
_PHONES = (
    "phone #", "primary phone", "telefon", "telefonnummer", "telefon-nr.", "tel.-nr.", "rufnummer", "handy",
    "handynummer", "mobil", "mobilnummer", "mobiltelefon", "teléfono", "teléfono móvil",
    "número de teléfono", "móvil",
    "celular",
)  # fmt: skip
_ADDRESSES = (
    "service location", "anschrift", "adresse", "straße und hausnummer", "straße, hausnummer",
    "lieferadresse",
    "dirección", "domicilio", "dirección de suministro", "dirección del suministro",
)  # fmt: skip
_METERS = (
    "meter #", "zählernummer", "zähler-nr.", "zähler nr.", "zählernr", "wasserzählernummer",
    "número de medidor",
    "nº de medidor", "nº medidor", "número de contador", "nº de contador", "nº contador",
)  # fmt: skip
_REMARKS = ("bemerkung", "bemerkungen", "anmerkung", "anmerkungen", "observaciones")
_FROM, _UNTIL = ("gültig ab", "válido desde", "desde"), ("gültig bis", "válido hasta", "hasta")

NAMES: Mapping[str, tuple[str, ...]] = {
    "customer.number": _CUSTOMER_NUMBERS,
    "customer.name": ("kundenname", "name des kunden", "nombre", "nombre del cliente",
    "nombre y apellidos", "titular"),
    "customer.category": ("kundenart", "kundengruppe", "kundentyp", "tipo de cliente", "categoría"),
    "customer.phone": _PHONES,
    "customer.contact_name": ("ansprechpartner", "persona de contacto"),
    "customer.note": _REMARKS,
    "service_point.number": _CUSTOMER_NUMBERS,
    "service_point.address": _ADDRESSES,
    "service_point.meter_number": _METERS,
    "service_point.diameter_mm": ("nennweite", "durchmesser", "diámetro", "calibre"),
    "service_point.nature": ("nutzungsart", "verwendungszweck", "tipo de uso", "uso", "tarifa"),
    ".longitude": ("längengrad", "geogr. länge", "rechtswert", "ostwert", "longitud"),
    ".latitude": ("breitengrad", "geogr. breite", "hochwert", "nordwert", "latitud"),
    ".coordinates": ("koordinaten", "coordenadas"),
    ".unit": ("niederlassung", "zweigstelle", "geschäftsstelle", "sucursal"),
    "staff.staff_number": _STAFF_NUMBERS,
    "staff.name": ("mitarbeiter", "mitarbeitername", "nombre", "nombre y apellidos", "empleado"),
    "staff.work_phone": (*_PHONES, "diensthandy"),
    "staff.post": ("stelle", "funktion", "puesto", "cargo"),
    "staff.qualifications": ("qualifikation", "qualifikationen", "cualificaciones", "certificados"),
    "staff.is_active": ("aktiv", "activo"),
    "account.login": ("benutzername", "anmeldename", "usuario", "nombre de usuario"),
    "crew.name": ("trupp", "kolonne", "cuadrilla"),
    "crew.leader": ("truppführer", "kolonnenführer", "vorarbeiter", "jefe de cuadrilla", "capataz"),
    "crew.members": ("mitglieder", "miembros"),
    "crew.vehicle": ("fahrzeug", "kennzeichen", "vehículo", "matrícula"),
    "crew.phone": _PHONES,
    "cell_assignment.staff": _STAFF_NUMBERS,
    "cell_assignment.valid_from": _FROM,
    "cell_assignment.valid_until": _UNTIL,
    "work_order.number": (
        "auftragsnummer", "auftragsnr", "auftrags-nr.", "número de orden", "nº de orden", "work order #",
        "job #",
    ),
    "work_order.matter": ("auftragsart", "tipo de orden", "tipo de trabajo"),
    "work_order.state": ("estado",),
    "work_order.description": ("beschreibung", "descripción"),
    "work_order.address": _ADDRESSES,
    "work_order.customer": _CUSTOMER_NUMBERS,
    "work_order.meter": _METERS,
    "work_order.reporter_name": ("melder", "gemeldet von", "reportado por"),
    "work_order.reporter_phone": _PHONES,
    "work_order.crew": ("trupp", "kolonne", "cuadrilla"),
    "work_order.received_at": ("eingangsdatum", "gemeldet am", "fecha de recepción", "fecha de aviso"),
    "work_order.done_at": ("erledigt am", "fecha de finalización"),
    "work_order.result": ("ergebnis", "resultado"),
    "work_order.told_cost_fen": ("kosten", "betrag", "costo", "coste", "importe"),
    "visit.customer": _CUSTOMER_NUMBERS,
    "visit.meter": _METERS,
    "visit.representative": _STAFF_NUMBERS,
    "visit.ended_at": ("besuchsdatum", "fecha de visita", "fecha de la visita"),
    "visit.summary": ("notizen", *_REMARKS),
}  # fmt: skip

WORDS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "category": {
        "resident": ("privat", "privatkunde", "privathaushalt", "haushalt", "doméstico", "residencial"),
        "large": ("großkunde", "gran consumidor"),
        "developer": ("bauträger", "promotor", "promotora"),
    },
    "nature": {
        "residential": ("haushalt", "privathaushalt", "doméstico", "residencial"),
        "commercial": ("gewerbe", "gewerblich", "comercial", "comercio"),
        "industrial": ("industrie", "industriell", "industria"),
        "public": ("öffentlich", "öffentliche einrichtung", "público", "pública"),
        "construction": ("baustelle", "bauwasser", "obra", "construcción"),
    },
}


def with_other_languages(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    """The fields of a target with the names and words of other languages added to their own."""
    return tuple(_with_other_languages(one) for one in fields)


def _with_other_languages(one: Field) -> Field:
    called = (*one.called, *NAMES.get(f"{one.kind}.{one.name}", ()))
    words = {code: tuple(some) for code, some in one.words.items()}
    for code, others in WORDS.get(one.name, {}).items():
        if code in one.choices:
            words[code] = (*words.get(code, ()), *others)
    return replace(one, called=called, words=words)
