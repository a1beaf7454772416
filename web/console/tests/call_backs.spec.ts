/** Call-backs by lot: who may draw, what is drawn, and what customers say. */
import { ElDatePicker, ElMessageBox } from "element-plus";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { me } from "../src/api.ts";
import CallBacks from "../src/parts/CallBacks.vue";
import {
  choose,
  held,
  house,
  overheard,
  press,
  refused,
  shown,
  signedIn,
  tableOf,
  whatOf,
  writes,
} from "./console_screen.ts";

const SAMPLES = "GET /api/v1/call-back-samples";
const DRAW = "POST /api/v1/call-back-samples";
const NOTE = "PUT /api/v1/call-back-samples/s1/visits/v1";
const sample = (id: string) => ({
  id,
  from_day: "2026-11-01",
  until_day: "2026-11-30",
  population: 90,
  seed: `seed-${id}`,
  visit_ids: ["v1", "v2"],
});
const visit = (id: string, more = {}) => ({
  visit_id: id,
  customer: `客户${id}`,
  representative: "王芳",
  ended_at: "2026-12-01T01:05:00Z",
  summary: "看过水表",
  truth_grade: "doubtful",
  outcome: null,
  said: null,
  ...more,
});

beforeEach(() => signedIn("supervisor"));
afterEach(() => {
  me.signed = null;
  vi.restoreAllMocks();
});

async function calls(answers: Parameters<typeof house>[0] = {}, language: "zh" | "en" = "zh") {
  const said = overheard();
  const asked = house({
    [SAMPLES]: [sample("s1")],
    "GET /api/v1/call-back-samples/s1/visits": [
      visit("v1"),
      visit("v2", { customer: null, representative: null }),
    ],
    ...answers,
  });
  const { page } = await shown(CallBacks, { language, without: ["ElSelect", "ElDatePicker"] });
  return { said, asked, page };
}

describe("a sample of visits", () => {
  it("that is the newest is shown with its seed and its visits", async () => {
    const { page } = await calls();
    expect(page.get("[data-test=seed]").text()).toBe("seed-s1");
    const rows = tableOf(page, "[data-test=drawn]");
    expect(rows.map((one) => one[0])).toEqual(["客户v1", "—"]);
    expect(rows[0]![2]).toBe("12/1 09:05");
  });

  it("may not be there at all", async () => {
    const { page } = await calls({ [SAMPLES]: [] });
    expect(page.find("[data-test=seed]").exists()).toBe(false);
    expect(tableOf(page, "[data-test=drawn]")).toHaveLength(0);
  });

  it("that is chosen is read", async () => {
    const { page } = await calls({
      [SAMPLES]: [sample("s1"), sample("s2")],
      "GET /api/v1/call-back-samples/s2/visits": [visit("v9")],
    });
    await choose(page, "批次", "s2");
    expect(tableOf(page, "[data-test=drawn]").map((one) => one[0])).toEqual(["客户v9"]);
  });

  it.each([
    ["dispatcher", false],
    ["hotline_agent", false],
    ["supervisor", true],
    ["auditor", true],
    ["admin", true],
  ])("may be drawn by a %s: %s", async (role, mayDraw) => {
    signedIn(role);
    const { page } = await calls();
    expect(page.find("[data-test=draw]").exists()).toBe(mayDraw);
  });

  it("is drawn from the days that were chosen, and shown first", async () => {
    const { asked, page } = await calls({
      [DRAW]: sample("s3"),
      "GET /api/v1/call-back-samples/s3/visits": [visit("v7")],
    });
    page.getComponent(ElDatePicker).vm.$emit("update:modelValue", ["2026-10-01", "2026-10-31"]);
    await press(page, "[data-test=draw]");
    expect(writes(asked)[0]!.body).toEqual({
      from_day: "2026-10-01",
      until_day: "2026-10-31",
      count: 10,
      seed: null,
    });
    expect(page.get("[data-test=seed]").text()).toBe("seed-s3");
    expect(tableOf(page, "[data-test=drawn]").map((one) => one[0])).toEqual(["客户v7"]);
  });

  it("is drawn once, however often one presses meanwhile", async () => {
    const late = held(sample("s3"));
    const { asked, page } = await calls({ [DRAW]: late.answer });
    await press(page, "[data-test=draw]");
    await press(page, "[data-test=draw]");
    await late.go();
    expect(writes(asked)).toHaveLength(1);
  });

  it.each(["zh", "en"] as const)(
    "that cannot be drawn says why in %s, and the one before stays",
    async (language) => {
      const { said, page } = await calls({ [DRAW]: refused(403, "not_allowed") }, language);
      await press(page, "[data-test=draw]");
      expect(said.error.join()).toContain(whatOf("not_allowed", language));
      expect(page.get("[data-test=seed]").text()).toBe("seed-s1");
    },
  );
});

describe("what a customer says", () => {
  it.each([
    ["confirmed", "是的", "是的"],
    ["denied", "", null],
    ["unreachable", "", null],
  ])("is noted as %s, in their words where there are any", async (outcome, value, kept) => {
    vi.spyOn(ElMessageBox, "prompt").mockResolvedValue({ value } as never);
    const { asked, page } = await calls({ [NOTE]: {} });
    await press(page, `tbody [data-test=say-${outcome}]`);
    expect(writes(asked).map((one) => [`${one.method} ${one.path}`, one.body])).toEqual([
      [NOTE, { outcome, said: kept }],
    ]);
    expect(asked.at(-1)!.path).toBe("/api/v1/call-back-samples/s1/visits");
  });

  it("is not noted where the question was closed", async () => {
    vi.spyOn(ElMessageBox, "prompt").mockRejectedValue("cancel");
    const { asked, page } = await calls({ [NOTE]: {} });
    await press(page, "tbody [data-test=say-denied]");
    expect(writes(asked)).toHaveLength(0);
  });

  it("that cannot be noted says why", async () => {
    vi.spyOn(ElMessageBox, "prompt").mockResolvedValue({ value: "x" } as never);
    const { said, page } = await calls({ [NOTE]: refused(409, "changed_meanwhile") }, "en");
    await press(page, "tbody [data-test=say-denied]");
    expect(said.error.join()).toContain(whatOf("changed_meanwhile", "en"));
  });
});
