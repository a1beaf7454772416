"""Checks the promises at the end of the day that is played, and prints them."""

from __future__ import annotations

from rich.table import Table

from backend.core.geometry import lng_lat, point
from backend.demo.day import Day
from backend.demo.story_actors import until
from mobile_api_spec.phone import Phone


def _agree(phone: Phone, fresh: Phone) -> bool:
    """Whether a phone that lived through the day holds what a new one is given.

    The server may still be following up meanwhile.
    """
    for one in (phone, fresh):
        one.sync()
    return phone.store.versions() == fresh.store.versions()


def check(day: Day) -> None:
    """Look at the server, the phones and the public page, and note which promises were kept."""
    _check_nothing_lost(day)
    job = day.dispatcher("GET", f"/work-orders/{day.burst['id']}")
    day.promise(
        "开工前告知了时间和费用，写在客户所签的服务单上 · time and cost were told before work, and stand on the signed sheet",
        [one["told_to"] for one in job["tellings"]] == ["路口居民"],
    )
    day.promise(
        "爆管工单办结，签字在案，办结人不是施工人 · closed, signed, by someone else",
        job["state"] == "closed"
        and job["signature_state"] == "valid"
        and job["closed_by_id"] != job["done_by_id"],
        job["state"],
    )
    day.promise(
        "首问负责人未变 · the first-contact owner is unchanged",
        job["first_contact_owner_id"] == day.hotline.staff_id,
    )
    equal = all(day.dispatcher.bytes_of(photo) == data for photo, data in day.photos.items())
    day.promise("照片字节与手机一致 · photo bytes are equal", equal)
    visits = [day.dispatcher("GET", f"/visits/{v}") for v in day.visits]
    day.promise(
        "五次走访各一条，均完成 · five visits, once each, all done",
        [v["state"] for v in visits] == ["done"] * 5,
    )
    survey = day.dispatcher("GET", f"/surveys/{day.survey}")
    day.promise(
        "勘查报告带 3 张照片 · the survey report has its three photos",
        survey["state"] == "reported" and len(survey["photo_ids"]) == 3,
    )
    _check_inbox(day)
    _check_phones(day)
    _check_public(day)


def _check_phones(day: Day) -> None:
    assert day.crew is not None
    for name, number, phone in (
        ("客户代表", "R101", day.rep),
        ("接任代表", "R102", day.heir),
        ("班组长", day.crew_number, day.crew),
    ):
        fresh = day.troupe.phone(number, f"{number} second device")
        day.promise(
            f"{name}的手机与服务器一致 · {number}'s phone equals the server",
            until(lambda phone=phone, fresh=fresh: _agree(phone, fresh)),  # type: ignore[misc]
            f"{len(phone.store.versions())} 条",
        )
    mine = {c["cell_id"] for c in day.rep.records("customer").values()}
    theirs = {c["cell_id"] for c in day.heir.records("customer").values()}
    day.promise(
        "移交的网格离开一部手机、进入另一部 · the cell left one phone and entered the other",
        day.moved_cell not in mine and day.moved_cell in theirs,
    )


def _check_inbox(day: Day) -> None:
    groups, questions = day.dispatcher("GET", "/inbox/parked"), day.dispatcher("GET", "/inbox/questions")
    day.promise(
        "收件箱恰有两件待人处理 · two things wait for a person",
        (len(groups), len(questions)) == (0, 2),
        f"{len(groups)} + {len(questions)}",
    )
    heads = {question["field"]: question["heads"] for question in questions}
    steps = [head["action"] for head in heads.get("state", ())]
    day.promise(
        "作废与完成两种说法都在 · the cancellation and the work stand side by side",
        {"finish", "cancel"} <= set(steps),
        steps,
    )
    values = {head["values"]["phone"] for head in heads.get("phone", ())}
    day.promise(
        "电话争议保留两个值 · both phone numbers are kept",
        values == {"0532-00001111", "0532-00002222"},
        values,
    )


def _check_nothing_lost(day: Day) -> None:
    assert day.crew is not None
    entered = [pair for phone in (day.rep, day.crew) for pair in phone.store.journal()]
    ends = [outcome["status"] if outcome else "none" for _, outcome in entered]
    counts = {end: ends.count(end) for end in sorted(set(ends))}
    day.promise(
        "每条记录恰有一个结局，合计等于录入 · every mutation ended once",
        set(ends) <= {"applied", "merged", "parked"},
        f"{len(ends)} = {counts}",
    )
    day.promise(
        "没有一条要重新录入 · nothing has to be entered again",
        counts.get("parked", 0) == 0,
        counts.get("parked", 0),
    )


def _check_public(day: Day) -> None:
    spot = next(s for s in day.heir.records("service_point").values() if s["cell_id"] == day.moved_cell)
    lng, lat = lng_lat(point(*lng_lat(spot["place"])))
    found = day.hotline("GET", "/public/responsible", params={"lng": lng, "lat": lat})
    name = day.supervisor("GET", f"/staff/{day.heir.staff_id}")["name"]
    day.promise(
        "公众查到的是接任代表，且只有四项 · the public finds the new representative",
        found["name"] == name and set(found) == {"name", "photo_id", "work_phone", "hours"},
    )


def print_promises(day: Day) -> bool:
    """Print the promises as a table; says whether all were kept."""
    table = Table("承诺 promise", "结果 kept", "所见 seen", title="今天的承诺 · the day's promises")
    for sentence, kept, seen in day.promises:
        table.add_row(sentence, "[green]✓[/]" if kept else "[bold red]✗[/]", seen)
    day.console.print(table)
    return all(kept for _, kept, _ in day.promises)
