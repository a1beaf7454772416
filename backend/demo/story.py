"""One day, played over real HTTP: what happens, and whether every promise was kept."""

from __future__ import annotations

import hashlib
from pathlib import Path

from rich.console import Console

from backend.demo.catalogue import FORM_ID, matter_id
from backend.demo.day import Day, Values
from backend.demo.promises import check, print_promises
from backend.demo.story_actors import Troupe, until
from mobile_api_spec.phone import Phone
from mobile_api_spec.phone.sheet import sheet_hash, sheet_of
from sync.change import moment_text


def play(base_url: str, folder: Path, console: Console) -> bool:
    """Play the day; prints the story and the promises, and says whether all were kept."""
    troupe = Troupe(base_url, folder)
    try:
        day = Day(
            troupe,
            console,
            troupe.office("H101"),
            troupe.office("D101"),
            troupe.office("S101"),
            troupe.phone("R101"),
            troupe.phone("R102"),
        )
        _morning(day)
        _report_burst(day)
        _visits_without_network(day)
        _repair_without_network(day)
        _meanwhile_in_the_office(day)
        _back_in_the_network(day)
        _evening(day)
        check(day)
    finally:
        troupe.go_home()
    return print_promises(day)


def _morning(day: Day) -> None:
    counts = {
        zh: len(day.rep.records(kind))
        for kind, zh in (("customer", "客户"), ("cell", "网格"), ("visit", "待走访"))
    }
    held = "、".join(f"{zh} {n}" for zh, n in counts.items())
    day.tell("08:00", f"客户代表出门前同步：{held} · the representative's phone is ready to leave")


def _report_burst(day: Day) -> None:
    """A burst main and a small leak are reported; the dispatcher takes the top proposal for both."""
    spots = sorted(day.rep.records("service_point").values(), key=lambda s: s["id"])
    body = {
        "matter_id": matter_id("burst_main"),
        "service_point_id": spots[0]["id"],
        "description": "路面大量冒水",
        "reporter": {"name": "路人"},
    }
    day.burst = day.hotline("POST", "/work-orders", json=body)
    day.tell("08:20", f"热线受理爆管 {day.burst['number']}，首问负责人已定 · a burst main is reported")
    best = day.dispatcher("GET", f"/dispatch/{day.burst['id']}/proposals")[0]
    reasons = "；".join(reason["zh"] for reason in best["reasons"])
    day.dispatcher("PUT", f"/dispatch/{day.burst['id']}/assignment", json={"crew_id": best["crew_id"]})
    day.tell(
        "08:21", f"调度员采用首选：{best['crew_name']}（{reasons}） · the dispatcher takes the top proposal"
    )
    leak = {"matter_id": matter_id("no_water"), "service_point_id": spots[1]["id"], "description": "家中无水"}
    day.doomed = day.hotline("POST", "/work-orders", json=leak)
    day.dispatcher("PUT", f"/dispatch/{day.doomed['id']}/assignment", json={"crew_id": best["crew_id"]})
    crew = day.dispatcher("GET", f"/crews/{best['crew_id']}")
    day.crew_number = day.dispatcher("GET", f"/staff/{crew['leader_id']}")["staff_number"]
    day.crew = day.troupe.phone(day.crew_number)
    day.promise(
        "派单后班组手机上看得到工单 · the crew's phone has its jobs",
        {day.burst["id"], day.doomed["id"]} <= set(day.crew.records("work_order")),
    )


def _visits_without_network(day: Day) -> None:
    """Five visits with questionnaires, one dissatisfied.

    A survey with three photos; a phone number corrected.
    """
    rep = day.rep
    rep.link.is_up = False
    customers = sorted(rep.records("customer").values(), key=lambda c: (c["cell_id"], c["id"]))
    day.moved_cell = customers[0]["cell_id"]
    visited = customers[:5]
    spots = {s["customer_id"]: s for s in rep.records("service_point").values()}
    for n, customer in enumerate(visited):
        day.visits.append(
            _visit(rep, customer, spots[customer["id"]], "dissatisfied" if n == 2 else "satisfied")
        )
    day.disputed = visited[1]["id"]
    rep.change("customer", day.disputed, {"phone": "0532-00001111"})
    _survey(day, visited[3], spots[visited[3]["id"]])
    day.tell(
        "09:00",
        "客户代表在无网络处走访 5 户，1 户不满意，勘查 1 处（3 张照片） · five visits, one survey, no network",
    )


def _visit(rep: Phone, customer: Values, spot: Values, pressure: str) -> str:
    common = {"customer_id": customer["id"], "cell_id": customer["cell_id"]}
    visit = rep.create(
        "visit",
        common | {"representative_id": rep.staff_id, "service_point_id": spot["id"], "method": "door"},
    )
    answers = {
        "water_quality": "satisfied",
        "pressure": pressure,
        "window_service": "very_satisfied",
        "people": 3,
    }
    answers |= {"pressure_why": "早晚高峰水小"} if pressure == "dissatisfied" else {}
    rep.create(
        "response",
        common
        | {
            "questionnaire_id": FORM_ID,
            "visit_id": visit,
            "author_id": rep.staff_id,
            "channel": "visit",
            "answered_at": rep.clock.now().isoformat(),
            "answers": answers,
        },
    )
    rep.act(
        "visit",
        visit,
        "complete",
        {"summary": "已走访，发放便民卡", "check_in": spot["place"], "check_in_accuracy_m": 12},
    )
    return visit


def _photo(phone: Phone, day: Day, of: tuple[str, str], purpose: str, keys: Values) -> str:
    data = hashlib.sha256(f"{of}{purpose}{len(day.photos)}".encode()).digest() * 3_000
    photo = phone.take_photo(*of, purpose, b"\xff\xd8\xff" + data, keys)
    day.photos[photo] = b"\xff\xd8\xff" + data
    return photo


def _survey(day: Day, customer: Values, spot: Values) -> None:
    values = {
        "customer_id": customer["id"],
        "cell_id": customer["cell_id"],
        "surveyor_id": day.rep.staff_id,
        "place": spot["place"],
    }
    day.survey = day.rep.create("survey", values | {"appointment_at": day.rep.clock.now().isoformat()})
    day.rep.act("survey", day.survey, "arrive")
    photos = [
        _photo(day.rep, day, ("survey", day.survey), "site", {"cell_id": customer["cell_id"]})
        for _ in range(3)
    ]
    findings = {
        "is_feasible": True,
        "pipe_material": "PE",
        "diameter_mm": 75,
        "pressure_kpa": 180,
        "distance_to_main_m": 12.5,
        "plan": "更换为 DN110",
    }
    day.rep.act("survey", day.survey, "report", {"findings": findings, "photo_ids": photos})


def _repair_without_network(day: Day) -> None:
    """The crew repairs the burst with photos and a signature, and finishes the other job too."""
    assert day.crew is not None
    crew, job = day.crew, day.burst["id"]
    crew.link.is_up = False
    keys = {"crew_id": crew.records("work_order")[job]["crew_id"]}
    for step in ("accept", "leave", "arrive"):
        crew.act("work_order", job, step)
    before = _photo(crew, day, ("work_order", job), "before", keys)
    crew.act("work_order", job, "start", {"diagnosis": "DN300 铸铁管断裂", **_told(crew, 180, 0, "路口居民")})
    after = _photo(crew, day, ("work_order", job), "after", keys)
    done = {"result": "已更换管段，恢复供水", "photo_ids": [before, after]}
    hashes = [crew.records("photo")[one]["sha256"] for one in (before, after)]
    sheet = sheet_of(crew.records("work_order")[job] | done, hashes)
    strokes = [[[0, 0, 0], [12, 5, 40], [30, 2, 90]]]
    signature = crew.create(
        "signature",
        keys
        | {
            "of_kind": "work_order",
            "of_id": job,
            "signer_name": "李女士",
            "relation": "self",
            "strokes": strokes,
            "sheet": sheet,
            "sheet_sha256": sheet_hash(sheet),
            "signed_at": crew.clock.now().isoformat(),
            "staff_id": crew.staff_id,
        },
    )
    crew.act(
        "work_order",
        job,
        "finish",
        done | {"signature_id": signature},
    )
    for step, now in (
        ("accept", {}),
        ("arrive", {}),
        ("start", _told(crew, 30, 0, "户主")),
        ("finish", {"result": "阀门未开，已开启"}),
    ):
        crew.act("work_order", day.doomed["id"], step, now)
    day.tell(
        "10:40",
        "班组在地下室抢修：前后照片、客户签字；顺手完成另一单 · the crew repairs, photographs, gets a signature",
    )


def _told(phone: Phone, minutes: int, cost_fen: int, to: str) -> Values:
    """Time and cost, told at the door before work begins."""
    at = moment_text(phone.clock.now())
    telling = {
        "minutes": minutes,
        "cost_fen": cost_fen,
        "told_to": to,
        "way": "in_person",
        "at": at,
        "is_agreed": True,
    }
    return {"told_minutes": minutes, "told_cost_fen": cost_fen, "tellings": [telling]}


def _meanwhile_in_the_office(day: Day) -> None:
    """A cell changes hands, the same phone number is edited, a job is cancelled."""
    day.supervisor(
        "PUT", f"/territory/cells/{day.moved_cell}/representative", json={"staff_id": day.heir.staff_id}
    )
    customer = day.dispatcher("GET", f"/customers/{day.disputed}")
    day.dispatcher(
        "PATCH", f"/customers/{day.disputed}", json={"phone": "0532-00002222"}, version=customer["version"]
    )
    day.dispatcher(
        "POST", f"/work-orders/{day.doomed['id']}/actions/cancel", json={"cancel_reason": "客户来电已恢复"}
    )
    day.tell(
        "10:10",
        "同时办公室：网格换代表、改同一电话、作废一单 · meanwhile: a cell moves, a phone is edited, a job is cancelled",
    )


def _back_in_the_network(day: Day) -> None:
    """A phone dies in the middle of its push; another push is delivered twice."""
    assert day.crew is not None
    day.rep.link.is_up = True
    day.rep.link.plan.append("lose_reply")
    died = not day.rep.try_sync()
    waiting = len(day.rep.store.waiting(1000))
    day.rep = day.troupe.restarted(day.rep, "R101")
    day.promise(
        "推送中途死机，未回执的记录仍在手机上 · work without a receipt is still on the phone",
        died and waiting > 0,
        f"{waiting} 条",
    )
    day.crew.link.is_up = True
    day.crew.link.plan.append("repeat")
    day.tell(
        "12:00",
        "客户代表手机推送中途死机后重启；班组的推送被送达两次 · one phone dies mid-push, one push arrives twice",
    )
    for phone in (day.rep, day.crew, day.heir):
        phone.sync()


def _evening(day: Day) -> None:
    """The server's own follow-ups arrive; the hotline asks the customer and closes the job."""
    made = until(lambda: len(day.dispatcher("GET", "/items?source=questionnaire")["rows"]) == 1)
    day.promise("不满意答卷自动成为跟踪事项 · the dissatisfied answer became an item", made)
    arrived = until(lambda: all(day.dispatcher("GET", f"/photos/{p}")["arrived_at"] for p in day.photos))
    day.promise("5 张照片全部到达 · all five photos arrived", arrived, len(day.photos))
    asked = until(lambda: [one["state"] for one in _return_visits(day)] == ["planned"])
    day.promise("完工的工单有一次回访待办 · the finished job has a return visit to make", asked)
    day.hotline(
        "POST",
        f"/work-orders/{day.burst['id']}/actions/close",
        json={"return_visit": {"is_satisfied": True, "opinion": "很快"}},
    )
    day.tell("17:00", "热线回访后办结 · the hotline asks the customer and closes the job")
    judged = until(lambda: _is_judged(day))
    day.promise("走访真实性与签名均已核对 · every visit and the signature were looked at", judged)
    assert day.crew is not None
    for phone in (day.rep, day.crew, day.heir):
        phone.sync()


def _return_visits(day: Day) -> list[Values]:
    found: list[Values] = day.dispatcher("GET", f"/visits?work_order_id={day.burst['id']}")["rows"]
    return found


def _is_judged(day: Day) -> bool:
    """Whether the server has looked at the evidence; it does so after commit, and phones are told of it."""
    grades = [day.dispatcher("GET", f"/visits/{visit}")["truth_grade"] for visit in day.visits]
    return (
        all(grades) and day.dispatcher("GET", f"/work-orders/{day.burst['id']}")["signature_state"] == "valid"
    )
