/** A plan of the day: asked for, followed until it is worked out, looked at, published and taken back. */
import { flushPromises } from "@vue/test-utils";
import { ElDatePicker } from "element-plus";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { me } from "../src/api.ts";
import { type Crew, crews, type Job, jobs, matters } from "../src/live.ts";
import DayPlan from "../src/views/DayPlan.vue";
import * as the from "./console_screen.ts";

const PLANS = "/api/v1/dispatch/plans";
const BOARD = { jobs: [], crews: [], cells: [], notices: [], extent: null };
const figures = {
  jobs: 2,
  unserved: 1,
  changed_crew: 3,
  travel_minutes: 40,
  travel_minutes_before: 55,
  late_minutes: 0,
  travel_zh: "按路网",
  travel_en: "by road",
};
const plan = (id: string, state: string, more = {}) => ({
  id,
  state,
  unit_id: "u",
  day: "2025-12-01",
  made_at: "2025-12-01T01:05:00Z",
  published_at: null,
  taken_back_at: null,
  problem: null,
  effects: [],
  notes: [],
  kept: null,
  unserved: [],
  stops: [],
  figures: state === "waiting" ? null : figures,
  ...more,
});
const effect = (crew: string, ...lines: object[]) => ({
  crew_id: crew,
  crew_name: `${crew}班`,
  zh: "多一单",
  en: "one more job",
  jobs: lines,
});
const line = (number: string, change: string, more = {}) => ({
  job_id: number,
  number,
  change,
  breaks: false,
  zh: "离得近",
  en: "is near",
  at: "2025-12-01T02:00:00Z",
  was_at: "2025-12-01T01:00:00Z",
  crew_id: "k1",
  crew_name: "一班",
  was_crew_id: "k2",
  was_crew_name: "二班",
  ...more,
});
const LOOK_MS = 1_500;
const looked = async (): Promise<void> => {
  await vi.advanceTimersByTimeAsync(LOOK_MS);
  await flushPromises();
};

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "Date"],
    now: Date.parse("2025-11-30T17:00:00Z"),
  });
  the.signedIn("dispatcher");
  crews.value = [{ id: "k1", name: "一班" } as Crew];
  matters.value = new Map([["m", { name_zh: "漏水", name_en: "Leak" }]]);
  jobs.value = [{ id: "W-1", number: "W-1", matter_id: "m", address: "香港中路 1 号" } as Job];
});
afterEach(() => {
  vi.useRealTimers();
  me.signed = null;
  crews.value = [];
  jobs.value = [];
  matters.value = new Map();
});

async function planning(answers: Parameters<typeof the.house>[0] = {}, language: "zh" | "en" = "zh") {
  const said = the.overheard();
  const asked = the.house({
    "GET /api/v1/units": the.rowsOf({ id: "u", name: "市南所" }, { id: "u2", name: "市北所" }),
    [`GET ${PLANS}`]: [],
    "GET /api/v1/dispatch/board": BOARD,
    ...answers,
  });
  const { page } = await the.shown(DayPlan, { language, without: ["ElSelect", "ElDatePicker"] });
  const reads = (id: string): number => asked.filter((one) => one.path === `${PLANS}/${id}`).length;
  return { asked, said, page, reads };
}

/** The page with one plan made in it, looked at once. */
async function made(
  found: object | null,
  answers: Parameters<typeof the.house>[0] = {},
  language?: "zh" | "en",
) {
  const all = await planning(
    { [`POST ${PLANS}`]: plan("p", "waiting"), [`GET ${PLANS}/p`]: found, ...answers },
    language,
  );
  await the.press(all.page, "[data-test=make-plan]");
  await looked();
  return all;
}

/** The page with plans of before, to be opened by their place in the line. */
async function withEarlier(answers: Parameters<typeof the.house>[0], ...ids: string[]) {
  const all = await planning({ [`GET ${PLANS}`]: ids.map((id) => plan(id, "ready")), ...answers });
  const open = (n: number): Promise<void> =>
    the.press(all.page, `[data-test=earlier] button:nth-of-type(${n + 1})`);
  return { ...all, open };
}

describe("asking for a plan of the day", () => {
  it("is for the reader's unit and the city's day, and asks for nothing by itself", async () => {
    const { asked, page } = await planning();
    expect(asked.map((one) => `${one.method} ${one.path}`).sort()).toEqual([
      `GET ${PLANS}?unit_id=u&day=2025-12-01`,
      "GET /api/v1/units?limit=500",
    ]);
    expect(page.text()).toContain("选好日期和单位");
  });

  it("sends what was chosen", async () => {
    const { asked, page } = await planning({ [`POST ${PLANS}`]: plan("p", "waiting") });
    await the.choose(page, "单位", "u2");
    await the.choose(page, "不上班的班组", ["k1"]);
    page.getComponent(ElDatePicker).vm.$emit("update:modelValue", "2025-12-05");
    await page.get("input[type=checkbox]").setValue(true);
    await the.press(page, "[data-test=make-plan]");
    expect(the.writes(asked)).toMatchObject([
      {
        method: "POST",
        path: PLANS,
        body: {
          unit_id: "u2",
          day: "2025-12-05",
          few_changes: true,
          seconds: 10,
          absent_crew_ids: ["k1"],
        },
      },
    ]);
  });

  it("is sent once, however often one presses meanwhile", async () => {
    const late = the.held(plan("p", "waiting"));
    const { asked, page } = await planning({ [`POST ${PLANS}`]: late.answer });
    const button = page.get("[data-test=make-plan]");
    await Promise.all([button.trigger("click"), button.trigger("click")]);
    await late.go();
    await the.press(page, "[data-test=make-plan]");
    expect(the.writes(asked)).toHaveLength(1);
  });

  it.each(["zh", "en"] as const)(
    "that is refused is told in %s, and may be asked again",
    async (language) => {
      const refusal = the.refused(403, "not_allowed");
      const { asked, said, page } = await planning({ [`POST ${PLANS}`]: refusal }, language);
      await the.press(page, "[data-test=make-plan]");
      expect(said.error.join()).toContain(the.whatOf("not_allowed", language));
      await the.press(page, "[data-test=make-plan]");
      expect(the.writes(asked)).toHaveLength(2);
    },
  );
});

describe("a plan that is being worked out", () => {
  it("is looked at until it is there, then no more", async () => {
    let state = "waiting";
    const { page, reads } = await made(null, { [`GET ${PLANS}/p`]: () => plan("p", state) });
    expect(page.text()).toContain("正在计算");
    await looked();
    expect([reads("p"), page.find("[data-test=publish]").exists()]).toEqual([2, false]);
    state = "ready";
    await looked();
    expect([page.find("[data-test=publish]").exists(), page.text().includes("正在计算")]).toEqual([
      true,
      false,
    ]);
    await looked();
    expect(reads("p")).toBe(3);
  });

  it("is looked at again after the line broke", async () => {
    let isUp = false;
    const { page } = await made(null, {
      [`GET ${PLANS}/p`]: () => (isUp ? plan("p", "ready") : the.broken()),
    });
    isUp = true;
    await looked();
    expect(page.find("[data-test=publish]").exists()).toBe(true);
  });

  it("is left alone when the page is left", async () => {
    const { page, reads } = await made(plan("p", "waiting"));
    page.unmount();
    await looked();
    await looked();
    expect(reads("p")).toBe(1);
  });

  it("is not begun to be looked at where the page was left before it was taken", async () => {
    const late = the.held(plan("p", "waiting"));
    const { page, reads } = await planning({ [`POST ${PLANS}`]: late.answer });
    await the.press(page, "[data-test=make-plan]");
    page.unmount();
    await late.go();
    await looked();
    expect(reads("p")).toBe(0);
  });

  it("that failed says why, and can be published by nobody", async () => {
    const { page } = await made(plan("p", "failed", { problem: { code: "not_allowed" }, figures: null }));
    expect(page.get(".el-alert--error").text()).toContain(the.whatOf("not_allowed", "zh"));
    expect(page.find("[data-test=publish]").exists()).toBe(false);
    expect(page.get("[data-test=make-plan]").attributes("disabled")).toBeUndefined();
  });
});

describe("plans of before", () => {
  it("are those of the unit and day, five at most, each with its state", async () => {
    const { page } = await withEarlier({}, "a", "b", "c", "d", "e", "f");
    const words = page.findAll("[data-test=earlier] button").map((one) => one.text());
    expect(words).toHaveLength(5);
    expect(words[0]).toMatch(/09:05 未发布$/);
  });

  it("of another day that come late are not shown under this one", async () => {
    const late = the.held([plan("old", "ready")]);
    const { page } = await planning({
      [`GET ${PLANS}`]: ({ path }: the.Asked) => (path.includes("unit_id=u2") ? [] : late.answer()),
    });
    await the.choose(page, "单位", "u2");
    await late.go();
    expect(page.find("[data-test=earlier]").exists()).toBe(false);
  });

  it("that are opened stand, whatever comes late of one opened before", async () => {
    const late = the.held(plan("a", "ready", { unserved: [{ job_id: "x", number: "W-A", reasons: [] }] }));
    const { page, open } = await withEarlier(
      {
        [`GET ${PLANS}/a`]: late.answer,
        [`GET ${PLANS}/b`]: plan("b", "ready", { unserved: [{ job_id: "y", number: "W-B", reasons: [] }] }),
      },
      "a",
      "b",
    );
    await open(0);
    await open(1);
    await late.go();
    expect(the.tableOf(page, "[data-test=unserved]")).toEqual([["W-B", ""]]);
  });

  it("that are opened end the looking at one in the making", async () => {
    const { page, open, reads } = await withEarlier(
      {
        [`POST ${PLANS}`]: plan("p", "waiting"),
        [`GET ${PLANS}/p`]: plan("p", "waiting"),
        [`GET ${PLANS}/a`]: plan("a", "ready"),
      },
      "a",
    );
    await the.press(page, "[data-test=make-plan]");
    await open(0);
    await looked();
    expect([reads("p"), reads("a")]).toEqual([0, 1]);
    expect(page.get("[data-test=make-plan]").attributes("disabled")).toBeUndefined();
  });

  it("that are still in the making are followed once opened", async () => {
    let state = "waiting";
    const { page, open } = await withEarlier({ [`GET ${PLANS}/a`]: () => plan("a", state) }, "a");
    await open(0);
    state = "ready";
    await looked();
    expect(page.find("[data-test=publish]").exists()).toBe(true);
  });

  it("that cannot be read leave what is shown", async () => {
    const { page, open } = await withEarlier(
      { [`GET ${PLANS}/a`]: plan("a", "ready"), [`GET ${PLANS}/b`]: the.broken },
      "a",
      "b",
    );
    await open(0);
    await open(1);
    expect(page.find("[data-test=plan-figures]").exists()).toBe(true);
  });
});

describe("a plan that is worked out", () => {
  it.each([
    ["zh", "工单 2 张，排不进 1 张，换班组 3 张", "55 → 40", "按路网"],
    ["en", "2", "55 → 40", "by road"],
  ] as const)("says its figures in %s", async (language, counts, travel, how) => {
    const { page } = await made(plan("p", "ready"), {}, language);
    expect(page.get("[data-test=plan-figures]").text()).toContain(counts);
    expect(page.get("[data-test=plan-figures]").text()).toContain(travel);
    expect(page.text()).toContain(how);
  });

  it("of an empty day has no changes and nothing that was left over", async () => {
    const { page } = await made(plan("p", "ready", { figures: { ...figures, jobs: 0 } }));
    expect(page.text()).toContain("没有变化");
    expect(page.findAll("[data-test=effects], [data-test=unserved], [data-test=notes]")).toHaveLength(0);
    expect(page.find("[data-test=plan-others]").exists()).toBe(false);
  });

  it("says of each crew what it gains and loses, from whom and when", async () => {
    const rows = [
      line("W-1", "gained"),
      line("W-9", "lost", { crew_id: null }),
      line("W-8", "gained", { was_crew_id: null }),
    ];
    const { page } = await made(plan("p", "ready", { effects: [effect("一", ...rows)] }));
    const table = the.tableOf(page, "[data-test=effects]");
    expect(table.map((row) => row[0])).toEqual(["新增", "转出", "新增"]);
    // A job of the board by what it is and where, one that has ended by its number.
    expect(table[0]![1]).toMatch(/漏水 香港中路 1 号\s*离得近/);
    expect(table[1]![1]).toMatch(/^W-9/);
    expect(table[0]![2]).toMatch(/^二班 .*09:00$/);
    expect(table[0]![3]).toMatch(/^一班 .*10:00$/);
    expect([table[1]![3], table[2]![2]]).toEqual(["未派", "未派"]);
  });

  it("only counts other times within what was promised, and tells those that break it", async () => {
    const rows = [line("W-1", "retimed"), line("W-2", "retimed"), line("W-3", "retimed", { breaks: true })];
    const { page } = await made(plan("p", "ready", { effects: [effect("一", ...rows)] }));
    expect(the.tableOf(page, "[data-test=effects]").map((row) => row[1])).toEqual([
      expect.stringMatching(/^W-3/),
    ]);
    expect(page.get("[data-test=effects]").text()).toContain("另有 2 单改时间");
  });

  it("shows every line of a full day, in the order of the server", async () => {
    const rows = Array.from({ length: 200 }, (_, n) => ({ job_id: `j${n}`, number: `N-${n}`, reasons: [] }));
    const { page } = await made(plan("p", "ready", { unserved: rows }));
    const table = the.tableOf(page, "[data-test=unserved]");
    expect(table).toHaveLength(200);
    expect([table[0]![0], table[199]![0]]).toEqual(["N-0", "N-199"]);
  });

  it.each([
    ["zh", "太远；没有人会", "预约已过"],
    ["en", "too far；nobody can", "appointment passed"],
  ] as const)("says in %s why a job has no place, and what to look at first", async (language, why, note) => {
    const unserved = [
      {
        job_id: "W-7",
        number: "W-7",
        reasons: [
          { zh: "太远", en: "too far" },
          { zh: "没有人会", en: "nobody can" },
        ],
      },
    ];
    const notes = [
      { job_id: "W-6", number: "W-6", code: "passed", zh: "预约已过", en: "appointment passed" },
      { crew_id: "k1", crew_name: "一班", code: "break", zh: "没有休息", en: "no break" },
    ];
    const { page } = await made(plan("p", "ready", { unserved, notes }), {}, language);
    expect(the.tableOf(page, "[data-test=unserved]")).toEqual([["W-7", why]]);
    const told = page.findAll("[data-test=notes] .el-alert__description > div").map((one) => one.text());
    expect(told[0]).toBe(`W-6 · ${note}`);
    expect(told[1]).toMatch(/^一班 · /);
  });
});

describe("publishing a plan", () => {
  const PUBLISH = `PUT ${PLANS}/p/publication`;

  it("publishes it whole, once, and reads the board again", async () => {
    const late = the.held(plan("p", "published", { published_at: "2025-12-01T01:10:00Z" }));
    const { asked, said, page } = await made(plan("p", "ready"), { [PUBLISH]: late.answer });
    const button = page.get("[data-test=publish]");
    await Promise.all([button.trigger("click"), button.trigger("click")]);
    await late.go();
    expect(the.writes(asked).slice(1)).toMatchObject([{ method: "PUT", path: `${PLANS}/p/publication` }]);
    expect(said.success).toEqual(["已发布"]);
    expect(asked.some((one) => one.path === "/api/v1/dispatch/board")).toBe(true);
    expect(page.text()).toMatch(/已发布 .*09:10/);
    expect(page.find("[data-test=publish]").exists()).toBe(false);
  });

  it.each(["zh", "en"] as const)(
    "that is refused says why in %s and leaves it as it was",
    async (language) => {
      const refusal = the.refused(409, "changed_meanwhile");
      const { said, page } = await made(plan("p", "ready"), { [PUBLISH]: refusal }, language);
      await the.press(page, "[data-test=publish]");
      expect(said.success).toEqual([]);
      expect(said.error.join()).toContain(the.whatOf("changed_meanwhile", language));
      expect(page.get("[data-test=publish]").attributes("disabled")).toBeUndefined();
    },
  );

  it("answers for the plan that was published, not for another opened meanwhile", async () => {
    const late = the.held(plan("p", "published", { published_at: "2025-12-01T01:10:00Z" }));
    const { page } = await made(plan("p", "ready"), {
      [PUBLISH]: late.answer,
      [`GET ${PLANS}`]: [plan("a", "taken_back")],
      [`GET ${PLANS}/a`]: plan("a", "taken_back", { taken_back_at: "2025-12-01T01:00:00Z" }),
    });
    await the.press(page, "[data-test=publish]");
    await the.press(page, "[data-test=earlier] button");
    await late.go();
    expect(page.find("[data-test=taken-back]").exists()).toBe(true);
  });
});

describe("taking a published plan back", () => {
  const TAKE_BACK = `DELETE ${PLANS}/p/publication`;
  const back = plan("p", "taken_back", { taken_back_at: "2025-12-01T01:20:00Z", kept: [] });

  it("is asked about first, and nothing happens where the answer is no", async () => {
    const question = the.sure(false);
    const { asked, page } = await made(plan("p", "published"), { [TAKE_BACK]: back });
    await the.press(page, "[data-test=take-back]");
    expect(question).toHaveBeenCalledOnce();
    expect(the.writes(asked).map((one) => one.method)).toEqual(["POST"]);
  });

  it("is sent, and says that everything is as before", async () => {
    the.sure(true);
    const { asked, said, page } = await made(plan("p", "published"), { [TAKE_BACK]: back });
    await the.press(page, "[data-test=take-back]");
    expect(the.writes(asked).map((one) => `${one.method} ${one.path}`)[1]).toBe(TAKE_BACK);
    expect(said.success).toEqual(["已撤回"]);
    expect(page.text()).toContain("全部恢复到发布前");
    expect(page.find("[data-test=take-back]").exists()).toBe(false);
  });

  it.each([
    ["zh", "班组已开始"],
    ["en", "has begun"],
  ] as const)("names in %s the jobs that stayed, with whom and why", async (language, why) => {
    the.sure(true);
    const kept = [{ job_id: "W-5", number: "W-5", crew_name: "一班", zh: "班组已开始", en: "has begun" }];
    const { page } = await made(plan("p", "published"), { [TAKE_BACK]: { ...back, kept } }, language);
    await the.press(page, "[data-test=take-back]");
    expect(page.findAll("[data-test=kept]").map((one) => one.text())).toEqual([`W-5 · 一班 · ${why}`]);
    expect(page.text()).not.toContain("全部恢复到发布前");
  });
});
