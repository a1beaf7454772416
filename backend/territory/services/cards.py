"""The convenience card (便民服务卡) of a cell: who is responsible, their work phone and hours, and a QR to look
again."""

from __future__ import annotations

from html import escape

import segno
from sqlalchemy.orm import Session

from backend.core.errors import Problem
from backend.territory.queries.cells import cell_in, responsible_for

_PAGE = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>{cell}</title>
<style>@page{{size:90mm 54mm;margin:0}}body{{font:11pt "Noto Sans CJK SC","Microsoft YaHei",sans-serif;
width:90mm;height:54mm;margin:0;
box-sizing:border-box;padding:5mm;display:flex;justify-content:space-between;color:#1f2a36}}
h1{{font-size:12pt;margin:0 0 2mm}}
p{{margin:1mm 0}}b{{font-size:14pt}}small{{color:#5b6b7a}}svg{{width:26mm;height:26mm}}</style>
<main><h1>{unit} · {cell}</h1><p>客户代表 <small>Representative</small><br><b>{name}</b></p>
<p>{phone}</p><p><small>{hours}</small></p></main>
<aside>{qr}<p><small>扫码查询 · scan to look up</small></p></aside></html>"""


def card_of(session: Session, cell_id: str, base_url: str) -> str:
    """A printable page, the size of a visiting card. Raises not_found, no_representative."""
    cell = cell_in(session, cell_id)
    if cell is None:
        raise Problem("not_found", kind="cell", id=cell_id)
    found = responsible_for(session, cell_id)
    if found is None:
        raise Problem("no_representative")
    address = f"{base_url.rstrip('/')}/who?lng={cell['lng']:.6f}&lat={cell['lat']:.6f}"
    qr = segno.make(address, error="m").svg_inline(scale=3, border=1)
    words = {
        "cell": cell["name"],
        "unit": cell["unit"],
        "name": found["name"],
        "phone": found["work_phone"],
        "hours": found["hours"],
    }
    return _PAGE.format(qr=qr, **{key: escape(value or "") for key, value in words.items()})
