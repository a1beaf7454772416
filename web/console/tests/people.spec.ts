/** Staff, crews and their phones: what is shown, and who may make and change what. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { me } from "../src/api.ts";
import { live, matters } from "../src/live.ts";
import People from "../src/views/People.vue";
import {
  broken,
  house,
  overheard,
  press,
  refused,
  rowsOf,
  shown,
  signedIn,
  sure,
  tableOf,
  whatOf,
  writes,
} from "./console_screen.ts";

const phone = (id: string, more = {}) => ({
  id,
  name: "Redmi 12",
  people: ["王芳", "李雷"],
  last_seen_at: "2026-12-01T02:50:00Z",
  waiting_count: 3,
  app_version: "0.2.0",
  storage_left_mb: 900,
  last_failure: null,
  revoked_at: null,
  ...more,
});
const crew = {
  id: "k1",
  version: 2,
  name: "一班",
  leader_id: "s1",
  shift_start: "08:00",
  shift_end: "17:00",
  skills: [],
  is_active: true,
};
const onCall = (id: string, from: string, until: string) => ({
  id,
  version: 4,
  crew_id: "k1",
  valid_from: from,
  valid_until: until,
  clock_from: "17:00",
  clock_until: "08:00",
});
const staff = {
  id: "s1",
  staff_number: "R101",
  name: "王芳",
  post: "customer_representative",
  is_active: true,
};
const REVOKE = "PUT /api/v1/devices/d1/revocation";

beforeEach(() => {
  signedIn("admin");
  live.now = Date.parse("2026-12-01T03:00:00Z");
  matters.value = new Map([["m", { id: "m", name_zh: "漏水", name_en: "Leak", duration_minutes: 90 }]]);
});
afterEach(() => {
  me.signed = null;
  matters.value = new Map();
});

async function people(answers: Parameters<typeof house>[0] = {}, language: "zh" | "en" = "zh") {
  const said = overheard();
  const asked = house({
    "GET /api/v1/staff": rowsOf(staff),
    "GET /api/v1/questionnaires": rowsOf({
      id: "q",
      title_zh: "用水",
      title_en: "Water",
      code: "w",
      edition: 2,
      rows: [1, 2],
    }),
    "GET /api/v1/calendars": rowsOf({ year: 2026, days: [1] }, { year: 2027, days: [] }),
    "GET /api/v1/crews": rowsOf(crew),
    "GET /api/v1/on-call": rowsOf(
      onCall("o2", "2098-01-01", "2099-01-01"),
      onCall("o1", "2026-01-01", "2099-01-01"),
      onCall("past", "2020-01-01", "2020-01-07"),
    ),
    "GET /api/v1/devices": [phone("d1"), phone("d2", { revoked_at: "2026-11-01T00:00:00Z" })],
    ...answers,
  });
  const { page } = await shown(People, { language, without: ["ElSelect", "ElDatePicker"] });
  return { said, asked, page };
}

describe("the page of people", () => {
  it.each([
    ["zh", "10分钟前", "挂失", "已挂失"],
    ["en", "10 min. ago", "Report lost", "Reported lost"],
  ] as const)("shows phones in %s: whose, when heard of, what waits", async (language, ago, button, tag) => {
    const { page } = await people({}, language);
    const [first, second] = tableOf(page, "[data-test=devices]");
    const whose = language === "zh" ? "王芳、李雷" : "王芳, 李雷";
    expect(first!.slice(0, 5)).toEqual([whose, "Redmi 12", ago, "3", "0.2.0"]);
    expect([first!.at(-1), second!.at(-1)]).toEqual([button, tag]);
  });

  it("shows a crew with its leader's name and its shift", async () => {
    const { page } = await people();
    expect(tableOf(page, "[data-test=crews]")[0]!.slice(0, 3)).toEqual(["一班", "王芳", "08:00–17:00"]);
  });

  it("shows who is on call from now on, the next first", async () => {
    const { page } = await people();
    expect(tableOf(page, "[data-test=on-call]").map((row) => row[1])).toEqual([
      "2026-01-01 – 2099-01-01",
      "2098-01-01 – 2099-01-01",
    ]);
  });

  it("shows matters, questionnaires and calendars, the latest year first", async () => {
    const { page } = await people({}, "en");
    expect(tableOf(page, "[data-test=matters]")[0]![0]).toBe("Leak");
    expect(tableOf(page, "[data-test=forms]")[0]!.slice(0, 4)).toEqual(["Water", "w", "2", "2"]);
    expect(tableOf(page, "[data-test=calendars]").map((row) => row[0])).toEqual(["2027", "2026"]);
  });

  it("shows hundreds of phones", async () => {
    const many = Array.from({ length: 120 }, (_, n) => phone(`d${n}`));
    const { page } = await people({ "GET /api/v1/devices": many });
    expect(tableOf(page, "[data-test=devices]")).toHaveLength(120);
  });

  it("is there without what did not come", async () => {
    const { page } = await people({
      "GET /api/v1/staff": broken,
      "GET /api/v1/devices": refused(403, "not_allowed"),
    });
    expect(tableOf(page, "[data-test=devices]")).toHaveLength(0);
    expect(tableOf(page, "[data-test=crews]")[0]!.slice(0, 2)).toEqual(["一班", "—"]);
  });
});

describe("who may make and change what", () => {
  const ALL = ["crew", "on_call", "staff", "matter", "questionnaire", "calendar"];

  it.each([
    ["admin", ALL],
    ["supervisor", ["crew", "on_call"]],
    ["dispatcher", ["on_call"]],
    ["hotline_agent", []],
    ["auditor", []],
  ])("a %s makes %j", async (role, kinds) => {
    signedIn(role);
    const { page } = await people();
    expect(ALL.filter((one) => page.find(`[data-test=new-${one}]`).exists())).toEqual(kinds);
  });

  it.each([
    ["admin", true, true],
    ["dispatcher", true, false],
    ["auditor", false, false],
  ])("a %s changes crews: %s, and matters: %s", async (role, crews, kinds) => {
    signedIn(role);
    const { page } = await people();
    expect(page.find("[data-test=crews] [data-test=change]").exists()).toBe(crews);
    expect(page.find("[data-test=matters] [data-test=change]").exists()).toBe(kinds);
  });
});

describe("a phone that was lost", () => {
  const lost = "[data-test=devices] button";

  it("is reported after a question, and the list is read again", async () => {
    const question = sure(true);
    const { asked, page } = await people({ [REVOKE]: {} });
    await press(page, lost);
    expect(question).toHaveBeenCalledTimes(1);
    expect(writes(asked).map((one) => one.path)).toEqual(["/api/v1/devices/d1/revocation"]);
    expect(asked.filter((one) => one.path === "/api/v1/devices")).toHaveLength(2);
  });

  it("is not reported where the question was closed", async () => {
    sure(false);
    const { asked, page } = await people({ [REVOKE]: {} });
    await press(page, lost);
    expect(writes(asked)).toHaveLength(0);
  });

  it.each(["zh", "en"] as const)("that may not be reported says why in %s", async (language) => {
    sure(true);
    const { said, page } = await people({ [REVOKE]: refused(403, "not_allowed") }, language);
    await press(page, lost);
    expect(said.error.join()).toContain(whatOf("not_allowed", language));
  });
});

describe("a time on call", () => {
  it("is removed after a question, as it was seen", async () => {
    const question = sure(true);
    const { asked, page } = await people({ "DELETE /api/v1/on-call/o1": {} }, "en");
    await press(page, "[data-test=drop]");
    expect(question.mock.calls[0]![0]).toBe("一班 · Remove?");
    expect(writes(asked)[0]).toMatchObject({ method: "DELETE", path: "/api/v1/on-call/o1" });
    expect(writes(asked)[0]!.headers.get("If-Match")).toBe('"4"');
  });

  it("that somebody changed meanwhile stays, and why is said", async () => {
    sure(true);
    const { said, asked, page } = await people({
      "DELETE /api/v1/on-call/o1": refused(412, "changed_meanwhile"),
    });
    await press(page, "[data-test=drop]");
    expect(said.error.join()).toContain(whatOf("changed_meanwhile", "zh"));
    expect(asked.filter((one) => one.path.startsWith("/api/v1/on-call?"))).toHaveLength(2);
  });
});
