/** Times, promises, refusals and steps as a person reads them. */
import { describe, expect, it } from "vitest";

import {
  choiceWord,
  cityDay,
  cityHour,
  cityMoment,
  dueMoveText,
  errorWords,
  isPromiseMissed,
  isTheirsToConfirm,
  promiseText,
  refusalWords,
  sinceText,
  stepsFrom,
  tellingText,
  timeText,
  valueText,
} from "../vocabulary/words.ts";

const NOON = Date.parse("2026-12-01T04:00:00Z");

describe("times are the city's, wherever the computer is", () => {
  it("names the day that has begun there", () => {
    expect(cityDay(Date.parse("2026-12-01T15:59:59Z"))).toBe("2026-12-01");
    expect(cityDay(Date.parse("2026-12-01T16:00:00Z"))).toBe("2026-12-02");
  });

  it("reads a wall clock as a moment and back", () => {
    expect(cityMoment("2026-12-01T09:30:00")).toBe("2026-12-01T01:30:00.000Z");
    expect(cityHour(Date.parse("2026-12-01T01:30:00Z"))).toBe(9.5);
    expect(cityHour(Date.parse("2026-12-01T16:00:00Z"))).toBe(0);
  });

  it("shows the hour with or without its day", () => {
    expect(timeText("2026-12-01T01:05:00Z", "zh")).toBe("12/1 09:05");
    expect(timeText("2026-12-01T01:05:00Z", "en", false)).toBe("09:05");
    expect(timeText(null, "zh")).toBe("—");
  });

  it.each([
    [0, "刚刚", "just now"],
    [-5, "5分钟后", "in 5 min."],
    [59, "59分钟前", "59 min. ago"],
    [60, "1小时前", "1 hr. ago"],
    [2879, "48小时前", "48 hr. ago"],
    [2880, "2天前", "2 days ago"],
  ])("says how long ago: %i minutes", (minutes, zh, en) => {
    const then = new Date(NOON - minutes * 60_000).toISOString();
    expect(sinceText(then, NOON, "zh").replace(/\s/g, "")).toBe(zh);
    expect(sinceText(then, NOON, "en")).toBe(en);
  });
});

describe("what a customer was promised", () => {
  const job = { state: "dispatched", appointment_from: "2026-12-01T01:00:00Z" };

  it("names the day once where it is one day", () => {
    expect(promiseText({ ...job, appointment_until: "2026-12-01T03:00:00Z" }, "zh")).toBe("12/1 09:00–11:00");
    expect(promiseText({ ...job, appointment_until: "2026-12-01T17:00:00Z" }, "zh")).toBe(
      "12/1 09:00–12/2 01:00",
    );
    expect(promiseText(job, "zh")).toBe("12/1 09:00–");
    expect(promiseText({ state: "dispatched" }, "zh")).toBe("");
  });

  it("is missed only while nobody has been there", () => {
    const promised = { ...job, appointment_until: "2026-12-01T03:00:00Z" };
    expect(isPromiseMissed(promised, NOON)).toBe(true);
    expect(isPromiseMissed(promised, NOON - 3_600_001)).toBe(false);
    expect(isPromiseMissed({ ...promised, state: "arrived" }, NOON)).toBe(false);
    expect(isPromiseMissed(job, NOON)).toBe(false);
  });
});

describe("a refusal", () => {
  it("says what, which rules, how long to wait and what to do", () => {
    const words = errorWords("not_allowed", "zh")!;
    const problem = {
      code: "not_allowed",
      faults: [{ zh: "一", en: "one" }, { zh: "二" }],
      retry_after_s: 5,
    };
    expect(refusalWords(problem, "zh")).toBe(`${words.what}。一；二。还要等 5 秒。${words.remedy}`);
    const english = errorWords("not_allowed", "en")!;
    expect(refusalWords(problem, "en")).toBe(`${english.what}. one. 5 s to wait. ${english.remedy}`);
  });

  it("with a code of a newer server shows that code", () => {
    expect(errorWords("from_tomorrow", "zh")).toBeNull();
    expect(refusalWords({ code: "from_tomorrow" }, "zh")).toBe("from_tomorrow");
  });
});

describe("one value of a record", () => {
  it.each([
    ["state", "done", "en", choiceWord("work_order", "state", "done", "en")],
    ["state", "unheard_of", "en", "unheard_of"],
    ["is_pinned", true, "zh", "是"],
    ["is_pinned", false, "en", "no"],
    ["address", "", "zh", "—"],
    ["done_at", "2026-12-01T01:05:00Z", "zh", "12/1 09:05"],
    ["place", { type: "Point", coordinates: [120.3812345, 36.07] }, "zh", "120.38123, 36.07000"],
    [
      "parts",
      [
        { name: "阀门", quantity: 2 },
        { name: "接头", quantity: 1 },
      ],
      "zh",
      "阀门 2；接头 1",
    ],
  ] as const)("%s: %j", (field, value, language, text) => {
    expect(valueText("work_order", field, value, language)).toBe(text);
  });

  it("shows a telling with its amount, its way and what was said to it", () => {
    const telling = {
      minutes: 40,
      cost_fen: 4550,
      told_to: "王芳",
      way: "phone" as const,
      at: "2026-12-01T01:05:00Z",
      is_agreed: false,
      why: "太贵",
    };
    expect(tellingText(telling, "zh")).toBe("¥45.50、40 分钟，12/1 09:05 电话告知王芳，不同意（太贵）");
    expect(tellingText({ ...telling, is_agreed: true, why: null }, "en")).toMatch(
      /^CN¥45\.50, 40 min, told 王芳 by phone on .*09:05: agreed$/,
    );
  });

  it("shows a moved limit with its year", () => {
    const move = {
      field: "due_at",
      was: null,
      now: "2027-01-02T01:00:00Z",
      why: "待料",
      by_id: "x",
      at: "2026-12-01T01:05:00Z",
    };
    expect(dueMoveText("work_order", move, "zh")).toMatch(/ — → 2027年1月2日 09:00，待料（12\/1 09:05）$/);
  });
});

describe("steps", () => {
  it("are offered to those who may take them, from the state it is in", () => {
    const names = (state: string, ...roles: string[]): string[] =>
      stepsFrom("work_order", state, roles).map((one) => one.name);
    expect(names("dispatched", "crew_leader")).toContain("accept");
    expect(names("accepted", "crew_leader")).not.toContain("accept");
    expect(names("dispatched", "auditor")).toEqual([]);
  });

  it("that confirm work are not for whoever did it", () => {
    const close = stepsFrom("work_order", "done", ["dispatcher"]).find((one) => one.not_by.length)!;
    expect(isTheirsToConfirm(close, { done_by_id: "me" }, "me")).toBe(false);
    expect(isTheirsToConfirm(close, { done_by_id: "other" }, "me")).toBe(true);
    expect(isTheirsToConfirm({ ...close, not_by: [] }, { done_by_id: "me" }, "me")).toBe(true);
  });
});
