"""What people choose as photos: empty, broken and odd files stop no other.

What cannot go is listed, tried again, taken out.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Page, expect

from backend.demo.story_actors import Office, until
from tests.web.conftest import Handset
from tests.web.test_phone_days import sent_to_crew

Hand = Callable[..., Handset]
Offices = Callable[[str], Office]
TIMES = Path(__file__).parents[1] / "cases/photo-own-time/pictures.json"


def picture(format_: str, colour: str = "red", **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (320, 240), colour).save(out, format_, **options)
    return out.getvalue()


def timed() -> tuple[bytes, str]:
    """A picture that says when it was taken, and when that was."""
    first = json.loads(TIMES.read_text(encoding="utf-8"))["cases"][0]
    return base64.b64decode(first["base64"]), first["taken_at"]


def file(name: str, data: bytes, mime: str = "image/jpeg") -> Any:
    return {"name": name, "mimeType": mime, "buffer": data}


def at_a_job(phone: Handset, job: str) -> Page:
    phone.go(f"/jobs/{job}")
    phone.page.click("[data-test=step-accept]")
    phone.page.click("[data-test=step-arrive]")
    phone.page.wait_for_selector("input[type=file]", state="attached")
    return phone.page


def test_odd_files_among_photos_stop_none_and_times_are_their_own(handset: Hand, office: Offices) -> None:
    desk = office("D101")
    job = sent_to_crew(desk)
    phone = handset("L101")
    page = at_a_job(phone, job)
    page.evaluate(
        """() => {
          window.said = [];
          new MutationObserver(() => {
            const one = document.querySelector('.van-toast');
            if (one) window.said.push(one.textContent);
          }).observe(document.body, { childList: true, subtree: true, characterData: true });
        }"""
    )
    own, taken_at = timed()
    tiff = picture("TIFF", "green")
    page.set_input_files(
        "input[type=file]",
        [
            file("empty.jpg", b""),
            file("page.jpg", b"<html>no photo</html>"),
            file("cut.jpg", picture("JPEG")[:200]),
            file("own.png", own, "image/png"),
            file("scan.jpg", tiff),
            file("none.jpg", picture("JPEG", "blue")),
        ],
    )
    expect(page.locator(".strip figure")).to_have_count(3, timeout=30000)
    said = "".join(page.evaluate("() => window.said"))
    assert "文件是空的" in said
    assert "这个文件打不开" in said
    phone.sync()
    ids = desk("GET", f"/work-orders/{job}")["photo_ids"]
    assert until(lambda: all(desk("GET", f"/photos/{one}")["arrived_at"] for one in ids))
    photos = [desk("GET", f"/photos/{one}") for one in ids]
    # The first says its time; of the others nobody knows it, least of all by when the file was changed.
    assert [str(one["taken_at"] or "")[:19] for one in photos] == [taken_at[:19], "", ""]
    # What the browser cannot draw goes as it is, and the server shows it by its content.
    assert [one["media_type"] for one in photos] == ["image/jpeg", "image/tiff", "image/jpeg"]
    assert desk.bytes_of(ids[1]) == tiff


def test_what_cannot_go_is_listed_tried_again_and_taken_out(handset: Hand, office: Offices) -> None:
    desk = office("D101")
    job = sent_to_crew(desk)
    phone = handset("L101")
    page = at_a_job(phone, job)
    refused = {"code": "empty_file", "title": "x", "status": 422}
    page.route("**/api/v1/uploads", lambda route: route.fulfill(status=422, json=refused), times=1)
    page.set_input_files(
        "input[type=file]", [file("a.jpg", picture("JPEG")), file("b.jpg", picture("JPEG", "blue"))]
    )
    expect(page.locator(".strip figure")).to_have_count(2)
    phone.sync()
    ids = desk("GET", f"/work-orders/{job}")["photo_ids"]
    assert until(lambda: [bool(desk("GET", f"/photos/{one}")["arrived_at"]) for one in ids].count(True) == 1)
    aside = page.locator("[data-test=aside]")
    expect(aside).to_contain_text("文件是空的")
    expect(aside).to_contain_text("重新拍照")
    expect(page.locator("[data-test=waiting]")).to_contain_text("1 张照片传不了")
    # It is there after a restart, and goes when it is tried again.
    phone.restart()
    phone.page.click("[data-test=try-again]")
    assert until(lambda: all(desk("GET", f"/photos/{one}")["arrived_at"] for one in ids))
    expect(phone.page.locator("[data-test=aside]")).to_have_count(0)
    # Another is taken out by the person.
    phone.page.route(
        "**/api/v1/uploads", lambda route: route.fulfill(status=413, json={"code": "too_large"}), times=1
    )
    phone.go(f"/jobs/{job}")
    phone.page.set_input_files("input[type=file]", [file("c.jpg", picture("JPEG", "white"))])
    expect(phone.page.locator(".strip figure")).to_have_count(3)
    phone.sync()
    phone.page.click("[data-test=discard]")
    phone.page.click(".van-dialog__confirm")
    expect(phone.page.locator("[data-test=aside]")).to_have_count(0)
    expect(phone.page.locator("[data-test=waiting]")).to_contain_text("全部已上传")
    phone.go(f"/jobs/{job}")
    captions = phone.page.locator(".strip figcaption")
    expect(captions).to_have_text(["已送达", "已送达", "已移除"])
    expect(captions.last).not_to_have_class("good")
