/** The ground: cells picked and drawn, plans asked for, followed, taken or discarded, and the territory. */
import { flushPromises } from "@vue/test-utils";
import { ElDatePicker, ElInputNumber } from "element-plus";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { me } from "../src/api.ts";
import { type Cell, cells } from "../src/live.ts";
import GroundMap from "../src/parts/GroundMap.vue";
import Ground from "../src/views/Ground.vue";
import * as the from "./console_screen.ts";

const PLANS = "/api/v1/territory/plans";
const COVERAGE = "GET /api/v1/territory/coverage";
const coverage = (more = {}) => ({
  cells: 12,
  overlaps: [],
  holes: 0,
  hole_m2: 0,
  unserved: [],
  to_split: [],
  representatives: [],
  measured_by: "territory",
  ...more,
});
const plan = (id: string, state: string, more = {}) => ({
  id,
  state,
  way: "balanced",
  unit_id: "u1",
  made_at: "2026-12-01T01:05:00Z",
  done_share: 0.4,
  figures: null,
  findings: null,
  problem: null,
  valid_from: null,
  ...more,
});
const shapesOf = (id: string) => ({
  type: "FeatureCollection",
  features: [{ type: "Feature", geometry: null, properties: { id: `cell of ${id}` } }],
});
const LOOK_MS = 1_500;
const looked = async (): Promise<void> => {
  await vi.advanceTimersByTimeAsync(LOOK_MS);
  await flushPromises();
};

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  the.signedIn("supervisor");
  cells.value = [
    { id: "c1", name: "一格", unit_id: "u1" },
    { id: "c2", name: "二格", unit_id: "u2" },
  ] as Cell[];
});
afterEach(() => {
  vi.useRealTimers();
  me.signed = null;
  cells.value = [];
});

async function ground(answers: Parameters<typeof the.house>[0] = {}, language: "zh" | "en" = "zh") {
  const said = the.overheard();
  const asked = the.house({ [COVERAGE]: coverage(), [`GET ${PLANS}`]: [], ...answers });
  const without = ["GroundMap", "ElSelect", "ElDatePicker"];
  const { page } = await the.shown(Ground, { language, without });
  const map = page.getComponent(GroundMap);
  const touch = async (cell: string | null, ...points: [number, number][]): Promise<void> => {
    for (const point of points.length ? points : [[120, 36]]) map.vm.$emit("clicked", point, cell);
    await flushPromises();
  };
  const isOff = (name: string): boolean =>
    page.get(`[data-test=${name}]`).attributes("disabled") !== undefined;
  const reads = (path: string): number => asked.filter((one) => one.path === path).length;
  return { asked, said, page, map, touch, isOff, reads };
}

/** The page looking at a plan that it asked for. */
async function lookingAt(
  found: object,
  answers: Parameters<typeof the.house>[0] = {},
  language?: "zh" | "en",
) {
  const all = await ground(
    {
      [`POST ${PLANS}`]: found,
      [`GET ${PLANS}/p/features`]: shapesOf("p"),
      ...answers,
    },
    language,
  );
  await the.press(all.page, "[data-test=divide]");
  return all;
}
const TRIANGLE: [number, number][] = [
  [120, 36],
  [121, 36],
  [121, 37],
];
const RING = [...TRIANGLE, TRIANGLE[0]];

describe("the ground as it is", () => {
  it.each([
    ["zh", ["网格 12", "没有重叠、缝隙或无人网格"]],
    ["en", ["12", "No overlaps, no gaps, nobody missing"]],
  ] as const)("is told in %s, with who has how much", async (language, words) => {
    const representatives = [
      { name: "王芳", cells: 3, workload: 41.6 },
      { name: "李强", cells: 1, workload: 9.2 },
    ];
    const { page } = await ground({ [COVERAGE]: coverage({ representatives }) }, language);
    for (const word of words) expect(page.get("[data-test=coverage]").text()).toContain(word);
    expect(the.tableOf(page, ".el-table")).toEqual([
      ["王芳", "3", "42"],
      ["李强", "1", "9"],
    ]);
  });

  it.each(["zh", "en"] as const)("that may not be seen is told in %s", async (language) => {
    const { page, said } = await ground({ [COVERAGE]: the.refused(403, "not_allowed") }, language);
    expect(said.error.join()).toContain(the.whatOf("not_allowed", language));
    expect(page.find("[data-test=coverage]").exists()).toBe(false);
  });

  it("has its last eight plans, as the server orders them", async () => {
    const states = [
      "ready",
      "applied",
      "discarded",
      "failed",
      "waiting",
      "accepted",
      "ready",
      "ready",
      "ready",
    ];
    const { page } = await ground({ [`GET ${PLANS}`]: states.map((one, n) => plan(`p${n}`, one)) });
    const rows = page.findAll("p.row").map((one) => one.text());
    expect(rows).toHaveLength(8);
    expect(rows[0]).toMatch(/^均衡划分.*09:05 待确认$/);
    expect(rows[1]).toMatch(/已生效$/);
  });
});

describe("a new plan", () => {
  it.each([
    ["rebalanced", { way: "rebalanced" }],
    ["balanced", { way: "balanced", cells: 30 }],
    ["squares", { way: "squares", side_m: 30 }],
    ["hexagons", { way: "hexagons", side_m: 30 }],
    ["h3", { way: "h3", resolution: 30 }],
  ])("by %s says what that way needs", async (way, body) => {
    const { asked, page } = await ground({ [`POST ${PLANS}`]: plan("p", "waiting") });
    await the.choose(page, "方式", way);
    const amount = page.findComponent(ElInputNumber);
    expect(amount.exists()).toBe(way !== "rebalanced");
    if (amount.exists()) amount.vm.$emit("update:modelValue", 30);
    await the.press(page, "[data-test=divide]");
    expect(the.writes(asked)).toMatchObject([{ method: "POST", path: PLANS }]);
    expect(the.writes(asked)[0]!.body).toEqual({ unit_id: "u1", ...body });
  });

  it("is of the reader's own unit where there are no cells yet", async () => {
    cells.value = [];
    const { asked, page } = await ground({ [`POST ${PLANS}`]: plan("p", "waiting") });
    await the.press(page, "[data-test=divide]");
    expect(the.writes(asked)[0]!.body).toMatchObject({ unit_id: "u" });
  });

  it("is asked for once, however often one presses meanwhile", async () => {
    const late = the.held(plan("p", "waiting"));
    const { asked, page } = await ground({ [`POST ${PLANS}`]: late.answer });
    const button = page.get("[data-test=divide]");
    await Promise.all([button.trigger("click"), button.trigger("click")]);
    await the.press(page, "[data-test=divide]");
    await late.go();
    expect(the.writes(asked)).toHaveLength(1);
  });

  it.each(["zh", "en"] as const)(
    "that is refused is told in %s, and may be asked again",
    async (language) => {
      const { asked, said, page } = await ground(
        { [`POST ${PLANS}`]: the.refused(403, "not_allowed") },
        language,
      );
      await the.press(page, "[data-test=divide]");
      expect(said.error.join()).toContain(the.whatOf("not_allowed", language));
      await the.press(page, "[data-test=divide]");
      expect(the.writes(asked)).toHaveLength(2);
    },
  );
});

describe("cells that are picked on the map", () => {
  it("are picked by a touch and let go by the next, and say what can be done with so many", async () => {
    const { map, touch, isOff } = await ground();
    const able = () => ["split", "card", "merge"].map((one) => !isOff(one));
    expect(able()).toEqual([false, false, false]);
    await touch("c1");
    expect(able()).toEqual([true, true, false]);
    await touch("c2");
    expect(able()).toEqual([false, false, true]);
    await touch("c1");
    expect(map.props("picked")).toEqual(["c2"]);
    await touch(null);
    expect(map.props("picked")).toEqual(["c2"]);
  });

  it("are merged in the unit of the first", async () => {
    const { asked, page, touch } = await ground({ [`POST ${PLANS}`]: plan("p", "waiting") });
    await touch("c2");
    await touch("c1");
    await the.press(page, "[data-test=merge]");
    expect(the.writes(asked)[0]!.body).toEqual({ unit_id: "u2", way: "merge", cell_ids: ["c2", "c1"] });
  });

  it("are split along a line of two points at least", async () => {
    const { asked, page, map, touch, isOff } = await ground({ [`POST ${PLANS}`]: plan("p", "waiting") });
    await touch("c1");
    await the.press(page, "[data-test=split]");
    await touch("c2", [120, 36]);
    expect(isOff("split")).toBe(true);
    await touch(null, [121, 37]);
    expect(page.text()).toContain("已有 2 点");
    // While a line is drawn a touch picks nothing.
    expect(map.props("picked")).toEqual(["c1"]);
    await the.press(page, "[data-test=split]");
    const coordinates = [
      [120, 36],
      [121, 37],
    ];
    expect(the.writes(asked).map((one) => one.body)).toEqual([
      { unit_id: "u1", way: "split", cell_id: "c1", line: { type: "LineString", coordinates } },
    ]);
  });

  it.each([
    ["none", null, "zh", { name: "新网格" }],
    ["one", "c1", "zh", { cell_id: "c1" }],
  ] as const)(
    "may be %s when an outline of three points at least is drawn",
    async (_, cell, language, whose) => {
      const { asked, page, touch, isOff } = await ground(
        { [`POST ${PLANS}`]: plan("p", "waiting") },
        language,
      );
      if (cell) await touch(cell);
      await the.press(page, "[data-test=begin-draw]");
      await touch(null, TRIANGLE[0]!, TRIANGLE[1]!);
      expect(isOff("draw")).toBe(true);
      await touch(null, TRIANGLE[2]!);
      await the.press(page, "[data-test=draw]");
      const outline = { type: "MultiPolygon", coordinates: [[RING]] };
      expect(the.writes(asked)[0]!.body).toEqual({ unit_id: "u1", way: "draw", outline, ...whose });
    },
  );

  it("have a card to print, opened once, and a refusal is told", async () => {
    const opened = vi.spyOn(window, "open").mockReturnValue(null);
    const CARD = "/api/v1/territory/cells/c1/card";
    const late = the.held(new Response("%PDF"));
    const { asked, said, page, touch, reads } = await ground({ [`GET ${CARD}`]: late.answer });
    await touch("c1");
    const button = page.get("[data-test=card]");
    await Promise.all([button.trigger("click"), button.trigger("click")]);
    await late.go();
    expect([reads(CARD), opened.mock.calls.length]).toEqual([1, 1]);
    the.house({ [`GET ${CARD}`]: the.refused(403, "not_allowed") });
    await the.press(page, "[data-test=card]");
    expect(said.error.join()).toContain(the.whatOf("not_allowed", "zh"));
    expect([opened.mock.calls.length, the.writes(asked)]).toEqual([1, []]);
    opened.mockRestore();
  });
});

describe("a plan that is being drawn", () => {
  it("is looked at until it is there, then its cells are shown and it is looked at no more", async () => {
    let state = "waiting";
    const { page, map, reads } = await lookingAt(plan("p", "waiting"), {
      [`GET ${PLANS}/p`]: () => plan("p", state),
    });
    expect(page.text()).toContain("40%");
    await looked();
    expect([reads(`${PLANS}/p`), map.props("shapes")]).toEqual([1, null]);
    state = "ready";
    await looked();
    expect(map.props("shapes")).toEqual(shapesOf("p"));
    await looked();
    expect([reads(`${PLANS}/p`), reads(`${PLANS}/p/features`)]).toEqual([2, 1]);
  });

  it("is looked at again after the line broke", async () => {
    let isUp = false;
    const { page } = await lookingAt(plan("p", "waiting"), {
      [`GET ${PLANS}/p`]: () => (isUp ? plan("p", "ready") : the.broken()),
    });
    await looked();
    isUp = true;
    await looked();
    expect(page.find("[data-test=accept]").exists()).toBe(true);
  });

  it("is left alone when the page is left, also before it was taken", async () => {
    const waiting = { [`GET ${PLANS}/p`]: plan("p", "waiting") };
    const first = await lookingAt(plan("p", "waiting"), waiting);
    first.page.unmount();
    await looked();
    expect(first.reads(`${PLANS}/p`)).toBe(0);
    const late = the.held(plan("p", "waiting"));
    const second = await lookingAt(late.answer, waiting);
    second.page.unmount();
    await late.go();
    await looked();
    expect(second.reads(`${PLANS}/p`)).toBe(0);
  });

  it.each(["zh", "en"] as const)("and failed says why in %s, and shows no cells", async (language) => {
    const failed = plan("p", "failed", { problem: { code: "not_allowed" } });
    const { page, map, reads } = await lookingAt(failed, {}, language);
    expect(page.get(".el-alert--error").text()).toContain(the.whatOf("not_allowed", language));
    expect([map.props("shapes"), reads(`${PLANS}/p/features`)]).toEqual([null, 0]);
    expect(page.find("[data-test=accept]").exists()).toBe(false);
  });
});

describe("a plan of before", () => {
  const both = { [`GET ${PLANS}`]: [plan("a", "ready"), plan("b", "ready", { way: "merge" })] };
  const at = async (page: the.Page, n: number): Promise<void> => {
    await page.findAll("[data-test=plan]")[n]!.trigger("click");
    await flushPromises();
  };

  it("that is opened stands, whatever comes late of one opened before", async () => {
    const late = the.held(shapesOf("a"));
    const { page, map } = await ground({
      ...both,
      [`GET ${PLANS}/a/features`]: late.answer,
      [`GET ${PLANS}/b/features`]: shapesOf("b"),
    });
    await at(page, 0);
    await at(page, 1);
    await late.go();
    expect(map.props("shapes")).toEqual(shapesOf("b"));
  });

  it("does not lend its cells to another that has none yet", async () => {
    const { page, map } = await ground({
      [`GET ${PLANS}`]: [plan("a", "ready"), plan("b", "waiting")],
      [`GET ${PLANS}/a/features`]: shapesOf("a"),
    });
    await at(page, 0);
    expect(map.props("shapes")).toEqual(shapesOf("a"));
    await at(page, 1);
    expect(map.props("shapes")).toBeNull();
  });

  it("whose cells may not be seen says so, and the page goes on", async () => {
    const { page, said, isOff } = await ground({ ...both, [`GET ${PLANS}/a/features`]: the.broken });
    await at(page, 0);
    expect(said.error).toHaveLength(1);
    expect(isOff("divide")).toBe(false);
  });
});

describe("a plan that is there", () => {
  const ACCEPT = `PUT ${PLANS}/p/acceptance`;
  const figures = (more = {}) => ({
    before: { cells: 12, imbalance: 1.23456, overlap_m2: 0, gap_m2: 0 },
    after: { cells: 14, imbalance: 1.1, overlap_m2: 0, gap_m2: 25_000 },
    moved_share: 0.125,
    ...more,
  });

  it("says what it changes, and alarms where it is worse than before", async () => {
    const { page } = await lookingAt(plan("p", "ready", { figures: figures() }));
    const rows = page.findAll(".figures tr").map((row) => row.findAll("td").map((one) => one.text()));
    expect(rows.slice(1)).toEqual([
      ["网格", "12", "14"],
      ["最大/平均", "1.235", "1.1"],
      ["重叠", "0 m²", "0 m²"],
      ["空白", "0 m²", "0.03 km²"],
      ["变动工作量", "", "12.5 %"],
    ]);
    const isBad = (name: string): boolean => page.get(`[data-test=${name}]`).classes("bad");
    expect([isBad("overlap_m2"), isBad("gap_m2")]).toEqual([false, true]);
  });

  it("is taken once, from a day on, and only gaps that were agreed to are", async () => {
    const late = the.held(plan("p", "accepted"));
    const { asked, said, page, map, touch, reads } = await lookingAt(plan("p", "ready"), {
      [ACCEPT]: late.answer,
    });
    await touch("c1");
    expect(page.find("[data-test=accept-far]").exists()).toBe(false);
    const before = reads("/api/v1/territory/coverage");
    page.findAllComponents(ElDatePicker)[0]!.vm.$emit("update:modelValue", "2026-12-24");
    await page.get("input[type=checkbox]").setValue(true);
    const button = page.get("[data-test=accept]");
    await Promise.all([button.trigger("click"), button.trigger("click")]);
    await late.go();
    expect(the.writes(asked).slice(1)).toMatchObject([
      {
        method: "PUT",
        path: `${PLANS}/p/acceptance`,
        body: { valid_from: "2026-12-24", accept_gaps: true, accept_far: false },
      },
    ]);
    expect(said.success).toEqual(["已启用"]);
    expect(page.find("[data-test=accept]").exists()).toBe(false);
    expect([map.props("shapes"), map.props("picked")]).toEqual([null, []]);
    expect(reads("/api/v1/territory/coverage")).toBe(before + 1);
  });

  it.each(["zh", "en"] as const)(
    "that is refused says why in %s and stays to be looked at",
    async (language) => {
      const far = plan("p", "ready", { figures: figures({ far_m: 90_000 }) });
      const { said, page, map } = await lookingAt(
        far,
        { [ACCEPT]: the.refused(409, "changed_meanwhile") },
        language,
      );
      expect(page.find("[data-test=accept-far]").exists()).toBe(true);
      await the.press(page, "[data-test=accept]");
      expect(said.error.join()).toContain(the.whatOf("changed_meanwhile", language));
      expect(map.props("shapes")).toEqual(shapesOf("p"));
    },
  );

  it("is discarded once", async () => {
    const late = the.held({});
    const { asked, page, map } = await lookingAt(plan("p", "ready"), { [`DELETE ${PLANS}/p`]: late.answer });
    const button = page.get("[data-test=discard]");
    await Promise.all([button.trigger("click"), button.trigger("click")]);
    await late.go();
    expect(the.writes(asked).map((one) => `${one.method} ${one.path}`)).toEqual([
      `POST ${PLANS}`,
      `DELETE ${PLANS}/p`,
    ]);
    expect([page.find("[data-test=discard]").exists(), map.props("shapes")]).toEqual([false, null]);
  });
});

describe("the unit's territory", () => {
  const UNIT = "/api/v1/units/u1";
  async function outlined(answers: Parameters<typeof the.house>[0], language: "zh" | "en" = "zh") {
    the.signedIn("admin");
    const all = await ground({ [`GET ${UNIT}`]: { id: "u1", version: 7 }, ...answers }, language);
    await the.press(all.page, "[data-test=begin-draw]");
    await all.touch(null, ...TRIANGLE);
    return all;
  }

  it("is drawn by an administrator alone", async () => {
    const { page, touch } = await ground();
    await the.press(page, "[data-test=begin-draw]");
    await touch(null, ...TRIANGLE);
    expect(page.find("[data-test=territory]").exists()).toBe(false);
    expect(page.find("[data-test=draw]").exists()).toBe(true);
  });

  it("is written once, on the version that was read", async () => {
    const late = the.held({});
    const { asked, said, page, map } = await outlined({ [`PATCH ${UNIT}`]: late.answer });
    const button = page.get("[data-test=territory]");
    await Promise.all([button.trigger("click"), button.trigger("click")]);
    await late.go();
    expect(the.writes(asked)).toMatchObject([
      {
        method: "PATCH",
        path: UNIT,
        body: { territory: { type: "MultiPolygon", coordinates: [[RING]] } },
      },
    ]);
    expect(the.writes(asked)[0]!.headers.get("If-Match")).toBe('"7"');
    expect([said.success.length, map.props("line")]).toEqual([1, []]);
  });

  it.each(["zh", "en"] as const)(
    "that somebody else changed says so in %s, and keeps what was drawn",
    async (language) => {
      const refusal = the.refused(409, "changed_meanwhile");
      const { said, page, map } = await outlined({ [`PATCH ${UNIT}`]: refusal }, language);
      await the.press(page, "[data-test=territory]");
      expect(said.error.join()).toContain(the.whatOf("changed_meanwhile", language));
      expect(map.props("line")).toEqual(TRIANGLE);
    },
  );
});
