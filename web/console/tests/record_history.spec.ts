/** A record's history: who changed what to what, when, on a phone or in the office. */
import { beforeEach, describe, expect, it } from "vitest";

import { fieldWord } from "@wangge/shared/vocabulary/words.ts";

import RecordHistory from "../src/parts/RecordHistory.vue";
import { broken, house, refused, shown, signedIn, tableOf, whatOf } from "./console_screen.ts";

const ASKED = "GET /api/v1/work-orders/j/history";
const change = (more = {}) => ({
  op: "change",
  version: 2,
  happened_at: "2026-12-01T01:05:00Z",
  recorded_at: "2026-12-01T01:06:00Z",
  actor_id: "a",
  actor_name: "王芳",
  device_id: "d",
  grade: "agreed",
  changed: { result: [null, "换了阀门"] },
  corrected: [],
  ...more,
});
const history = async (answer: unknown, language: "zh" | "en" = "zh") => {
  const asked = house({ [ASKED]: answer });
  const { page } = await shown(RecordHistory, { props: { kind: "work_order", id: "j" }, language });
  return { asked, page, rows: () => tableOf(page, "[data-test=history-table]") };
};

beforeEach(() => signedIn("dispatcher"));

describe("a record's history", () => {
  it("is asked for by the kind's own address, as whoever is signed in", async () => {
    const { asked } = await history([]);
    expect(asked.map((one) => one.path)).toEqual(["/api/v1/work-orders/j/history"]);
    expect(asked[0]!.headers.get("Authorization")).toBe("Bearer a");
  });

  it("says when by the city's clock, who, from where, and what became of a field", async () => {
    const { rows } = await history([change()]);
    const [when, who, what] = rows()[0]!;
    expect(when).toBe("12/1 09:05");
    expect(who).toContain("王芳");
    expect(who).toContain("手机");
    expect(what).toContain(`${fieldWord("work_order", "result", "zh")}：`);
    expect(what).toContain("换了阀门");
  });

  it("strikes what was there before, and nothing where nothing was", async () => {
    const { page } = await history([
      change({ changed: { result: ["没换", "换了"], address: [null, "乌鲁木齐市中山路 3 号"] } }),
    ]);
    expect(page.findAll("s").map((one) => one.text())).toEqual(["没换"]);
    expect(page.text()).toContain("乌鲁木齐市中山路 3 号");
  });

  it("shows no ids that tell nobody anything", async () => {
    const { page } = await history([change({ changed: { crew_id: ["k1", "k2"], unit_id: [null, "u"] } })]);
    expect(page.text()).not.toContain("k2");
    expect(page.findAll("s")).toHaveLength(0);
  });

  it.each([
    ["zh", "系统", "办公室"],
    ["en", "the system", "office"],
  ] as const)("of what nobody did is the system's, in %s", async (language, who, where) => {
    const { rows } = await history([change({ actor_name: null, device_id: null })], language);
    expect(rows()[0]![1]).toContain(who);
    expect(rows()[0]![1]).toContain(where);
  });

  it.each([
    ["claimed", "the phone's word for the time"],
    ["moved", "the phone's clock had been moved"],
  ])("warns of a time that is not sure: %s", async (grade, words) => {
    const { page } = await history([change({ grade })], "en");
    expect(page.get(".bad").text()).toBe(words);
  });

  it("warns of no time that is", async () => {
    const { page } = await history([change()], "en");
    expect(page.find(".bad").exists()).toBe(false);
  });

  it("says which parked work it settled, why that was parked, and what it had said", async () => {
    const corrected = [{ id: "m", code: "not_allowed", now: { result: "没修好", crew_id: "k1" } }];
    const { page } = await history([change({ corrected })]);
    const said = page.get("[data-test=corrected]");
    expect(said.text()).toContain(whatOf("not_allowed", "zh"));
    expect(said.findAll("s").map((one) => one.text())).toEqual(["没修好"]);
  });

  it("has every one of hundreds of changes, in the order that they came", async () => {
    const many = Array.from({ length: 120 }, (_, n) =>
      change({ version: n, changed: { result: [null, `第${n}次`] } }),
    );
    const { rows } = await history(many);
    expect(rows()).toHaveLength(120);
    expect(rows().at(-1)![2]).toContain("第119次");
  });

  it.each([
    ["that may not be seen", refused(403, "not_allowed")],
    ["after a line that breaks", broken],
    ["of nothing yet", []],
  ])("%s is empty", async (_, answer) => {
    const { page } = await history(answer);
    expect(page.findAll("[data-test=history-table] tbody tr")).toHaveLength(0);
    expect(page.find("[data-test=history-table]").exists()).toBe(true);
  });
});
