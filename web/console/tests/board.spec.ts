/**
 * The dispatcher's desk: what is listed and in which order, jobs given and dropped, the way back, the
 * map.
 */
import { flushPromises } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { me } from "../src/api.ts";
import { past } from "../src/assigning.ts";
import { type Cell, cells, type Crew, crews, type Job, jobs, live, matters } from "../src/live.ts";
import JobList from "../src/parts/JobList.vue";
import NewJob from "../src/parts/NewJob.vue";
import Board from "../src/views/Board.vue";
import * as the from "./console_screen.ts";

const NOW = Date.parse("2026-12-01T03:00:00Z");
const READ = "GET /api/v1/dispatch/board";
const job = (id: string, more: Partial<Job> = {}): Job =>
  ({
    id,
    version: 3,
    number: `W-${id}`,
    state: "dispatched",
    urgency: "normal",
    matter_id: "m",
    crew_id: "k1",
    cell_id: "c1",
    due_at: "2026-12-01T05:00:00Z",
    opened_at: "2026-12-01T02:00:00Z",
    address: `香港中路 ${id} 号`,
    description: null,
    duration_minutes: 60,
    planned_at: null,
    place: null,
    ...more,
  }) as Job;
const crew = (id: string, name: string): Crew =>
  ({ id, name, shift_start: "08:00", shift_end: "17:00", jobs: 1, has_account: true }) as Crew;
const CREWS = [crew("k1", "一班"), crew("k2", "二班")];

beforeEach(() => {
  the.signedIn("dispatcher");
  live.now = NOW;
  matters.value = new Map([["m", { id: "m", name_zh: "漏水", name_en: "Leak" }]]);
  crews.value = CREWS;
  cells.value = [{ id: "c1", name: "大港一格", jobs: 2 } as Cell];
  Object.assign(past, { steps: [], results: [] });
});
afterEach(() => {
  me.signed = null;
  for (const one of [jobs, crews, cells]) one.value = [];
  matters.value = new Map();
  Object.assign(past, { steps: [], results: [] });
});

async function board(
  all: Job[],
  answers: Parameters<typeof the.house>[0] = {},
  { at = "/board", language = "zh" as "zh" | "en" } = {},
) {
  jobs.value = all;
  const said = the.overheard();
  const asked = the.house({
    [READ]: () => ({ jobs: jobs.value, crews: CREWS, cells: cells.value, notices: [], extent: null }),
    ...answers,
  });
  const without = ["BoardMap", "ElSelect", "ElDatePicker"];
  const { page, router } = await the.shown(Board, { at, language, without });
  const query = () => router.currentRoute.value.query;
  const listed = (): string[] =>
    page
      .getComponent(JobList)
      .props("jobs")
      .map((one) => one.id);
  const mark = (...ids: string[]): void => page.getComponent(JobList).vm.$emit("update:marked", new Set(ids));
  const map = () => page.getComponent({ name: "BoardMap" });
  const isPicking = (): string | undefined => map().attributes("is-picking");
  /** What is let go over a crew's lane of the day. */
  const drop = (text: string, to = "k2"): Promise<void> =>
    page.get(`.lane[data-crew=${to}]`).trigger("drop", { dataTransfer: { getData: () => text } });
  return { asked, said, page, query, listed, mark, map, isPicking, drop };
}
const given = (asked: the.Asked[]) =>
  the.writes(asked).map((one) => [one.method, one.path, one.body, one.headers.get("If-Match")]);
const giving = (id: string, to: string, version = 3) => [
  "PUT",
  `/api/v1/dispatch/${id}/assignment`,
  { crew_id: to, is_pinned: false },
  `"${version}"`,
];
const putting = (id: string): string => `PUT /api/v1/dispatch/${id}/assignment`;
const resultsOf = (page: the.Page): string[] => page.findAll("[data-test=result]").map((one) => one.text());

describe("the list of the desk", () => {
  it("has the urgent first, then by limit, and what has no limit last", async () => {
    const { listed } = await board([
      job("none", { due_at: null }),
      job("later", { due_at: "2026-12-01T06:00:00Z" }),
      job("soon", { due_at: "2026-12-01T04:00:00Z" }),
      job("urgent", { urgency: "urgent", due_at: null }),
      job("high", { urgency: "high" }),
    ]);
    expect(listed()).toEqual(["urgent", "high", "soon", "later", "none"]);
  });

  it.each([
    ["state=done", ["done"]],
    ["state=late", ["late"]],
    ["state=unopened", ["unopened"]],
    ["crew=none", ["nobodys"]],
    ["crew=k2", ["late"]],
    ["urgency=urgent", ["done"]],
    ["cell=c9", ["unopened"]],
    ["q=W-nobodys", ["nobodys"]],
    ["q=Leak&crew=k2", ["late"]],
    ["state=closed", []],
  ])("follows the address: %s", async (query, ids) => {
    const all = [
      job("done", { state: "done", urgency: "urgent" }),
      job("late", { due_at: "2026-12-01T02:00:00Z", crew_id: "k2" }),
      job("unopened", { opened_at: null, cell_id: "c9" }),
      job("nobodys", { crew_id: null, state: "received" }),
    ];
    const { listed } = await board(all, {}, { at: `/board?${query}` });
    expect(listed()).toEqual(ids);
  });

  it.each([
    ["zh", "0 张工单"],
    ["en", "0"],
  ] as const)("of an empty day says so in %s, and nothing is chosen", async (language, count) => {
    const { page } = await board([], {}, { language });
    expect(page.get("[data-test=count]").text()).toContain(count);
    expect(page.find(".empty").exists()).toBe(true);
    expect(page.find("[data-test=bulk]").exists()).toBe(false);
  });

  it("of a full day counts every job and draws those in sight", async () => {
    const { page, listed } = await board(Array.from({ length: 600 }, (_, n) => job(String(n))));
    expect(page.get("[data-test=count]").text()).toBe("600 张工单");
    expect(listed()).toHaveLength(600);
    expect(page.findAll(".job").length).toBeLessThan(40);
  });

  it("writes its filters into the address, and empties them there but for what is chosen", async () => {
    const { page, query } = await board([job("1")], {}, { at: "/board?job=1" });
    await the.choose(page, "班组", "none");
    await page.get("[name=words]").setValue("漏");
    await flushPromises();
    expect(query()).toEqual({ job: "1", crew: "none", q: "漏" });
    await the.press(page, "[data-test=clear]");
    expect(query()).toEqual({ job: "1" });
  });

  it("grows and shrinks with the board, and a job that has left it is shown no more", async () => {
    const { page, listed } = await board([job("1"), job("2")], {}, { at: "/board?job=2" });
    expect(page.find(".empty").exists()).toBe(false);
    jobs.value = [job("1"), job("3")];
    await flushPromises();
    expect(listed()).toEqual(["1", "3"]);
    expect(page.find(".empty").exists()).toBe(true);
  });

  it("is saved as it is filtered, in words, and with nothing that a spreadsheet would run", async () => {
    const texts: Promise<string>[] = [];
    const made = vi.spyOn(URL, "createObjectURL").mockImplementation((blob) => {
      texts.push((blob as Blob).text());
      return "blob:x";
    });
    // The browser of the tests would go there instead of saving.
    const saved = vi.spyOn(HTMLAnchorElement.prototype, "click").mockReturnValue();
    const { page } = await board(
      [job("1", { description: "=1+1" }), job("2", { crew_id: null })],
      {},
      {
        at: "/board?crew=k1",
      },
    );
    await the.press(page, "[data-test=csv]");
    for (const one of [made, saved]) one.mockRestore();
    const lines = (await texts[0]!).trim().split("\r\n");
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatch(/^W-1,漏水,.*,香港中路 1 号,'=1\+1,大港一格,一班,.*13:00$/);
  });
});

describe("jobs given from the desk", () => {
  it("all that are marked go to the crew, each on its version, and each has its result", async () => {
    const { asked, page, mark } = await board([job("1"), job("2", { version: 9 }), job("3")], {
      [putting("1")]: {},
      [putting("2")]: the.refused(409, "changed_meanwhile"),
    });
    mark("1", "2");
    await flushPromises();
    await the.choose(page, "派给…", "k2");
    expect(given(asked)).toEqual([giving("1", "k2"), giving("2", "k2", 9)]);
    const [first, second] = resultsOf(page);
    expect(first).toBe("W-1：→ 二班");
    expect(second).toContain(`W-2：${the.whatOf("changed_meanwhile", "zh")}`);
    expect(page.getComponent(JobList).props("marked").size).toBe(0);
  });

  it("one that is dropped on a crew is said in passing", async () => {
    const { asked, said, page, drop } = await board(
      [job("1")],
      { [putting("1")]: {} },
      {
        at: "/board?show=timeline",
      },
    );
    await drop("1");
    await flushPromises();
    expect(given(asked)).toEqual([giving("1", "k2")]);
    expect([said.success, resultsOf(page)]).toEqual([["W-1 → 二班"], []]);
    expect(asked.filter((one) => `${one.method} ${one.path}` === READ)).toHaveLength(1);
  });

  it.each(["zh", "en"] as const)("one that is refused says why in %s", async (language) => {
    const { page, drop } = await board(
      [job("1")],
      { [putting("1")]: the.refused(403, "not_allowed") },
      { at: "/board?show=timeline", language },
    );
    await drop("1");
    await flushPromises();
    expect(resultsOf(page)[0]).toContain(the.whatOf("not_allowed", language));
  });

  it.each(["", "https://elsewhere.example/", "gone", ",,"])(
    "nothing is sent for %j, which is no job",
    async (text) => {
      const { asked, said, page, drop } = await board([job("1")], {}, { at: "/board?show=timeline" });
      await drop(text);
      await flushPromises();
      expect([the.writes(asked), said.success, said.error, resultsOf(page)]).toEqual([[], [], [], []]);
    },
  );

  it("the same dropped again meanwhile is sent once, another goes", async () => {
    const late = the.held({});
    const { asked, drop } = await board(
      [job("1"), job("2")],
      { [putting("1")]: late.answer, [putting("2")]: {} },
      { at: "/board?show=timeline" },
    );
    await Promise.all([drop("1"), drop("1"), drop("2")]);
    await late.go();
    expect(given(asked).map((one) => one[1])).toEqual([giving("1", "k2")[1], giving("2", "k2")[1]]);
    await drop("1");
    await flushPromises();
    expect(given(asked)).toHaveLength(3);
  });

  it("what is marked while others are on their way stays marked", async () => {
    const late = the.held({});
    const { page, mark } = await board([job("1"), job("2")], { [putting("1")]: late.answer });
    mark("1");
    await flushPromises();
    await the.choose(page, "派给…", "k2");
    mark("1", "2");
    await late.go();
    expect([...page.getComponent(JobList).props("marked")]).toEqual(["2"]);
  });
});

describe("the way back", () => {
  const step = (id: string, from: string | null) => ({ job: id, number: `W-${id}`, from, to: "k2" });
  const DELETE = "DELETE /api/v1/dispatch/1/assignment";

  it("is open once something was given, and leads to nobody where nobody had it", async () => {
    const { asked, said, page } = await board([job("1")], { [DELETE]: {} });
    expect(page.get("[data-test=undo]").attributes("disabled")).toBeDefined();
    past.steps.push(step("1", null));
    await flushPromises();
    await the.press(page, "[data-test=undo]");
    expect(the.writes(asked).map((one) => `${one.method} ${one.path}`)).toEqual([DELETE]);
    expect(said.success).toEqual(["W-1 ↶"]);
    expect(page.get("[data-test=undo]").attributes("disabled")).toBeDefined();
  });

  it.each([{ ctrlKey: true }, { metaKey: true }])("is taken by %j and z", async (held) => {
    const { asked } = await board([job("1")], { [putting("1")]: {} });
    past.steps.push(step("1", "k1"));
    window.dispatchEvent(new KeyboardEvent("keydown", { key: "z", ...held }));
    await flushPromises();
    expect(given(asked)).toEqual([giving("1", "k1")]);
  });

  it("is not taken by z alone, nor while somebody writes, nor once the page is left", async () => {
    const { asked, page } = await board([job("1")]);
    past.steps.push(step("1", "k1"));
    window.dispatchEvent(new KeyboardEvent("keydown", { key: "z" }));
    document.body.append(page.element);
    const held = { key: "z", ctrlKey: true, bubbles: true };
    page.get("[name=words]").element.dispatchEvent(new KeyboardEvent("keydown", held));
    page.element.remove();
    page.unmount();
    window.dispatchEvent(new KeyboardEvent("keydown", held));
    await flushPromises();
    expect([the.writes(asked), past.steps.length]).toEqual([[], 1]);
  });
});

describe("the job that is chosen", () => {
  const proposal = (id: string, name: string, more = {}) => ({
    crew_id: id,
    crew_name: name,
    distance_m: 1200,
    arrives_at: "2026-12-01T04:00:00Z",
    is_feasible: true,
    reasons: [],
    ...more,
  });

  it("goes to the nth crew of its ranking by that digit in the list", async () => {
    const { asked, page } = await board(
      [job("1", { crew_id: null })],
      {
        "GET /api/v1/dispatch/1/proposals": [proposal("k1", "一班"), proposal("k2", "二班")],
        [putting("1")]: {},
      },
      { at: "/board?job=1" },
    );
    await page.get("[data-test=jobs]").trigger("keydown", { key: "2" });
    await page.get("[data-test=jobs]").trigger("keydown", { key: "9" });
    await flushPromises();
    expect(given(asked)).toEqual([giving("1", "k2")]);
  });

  it("is the one touched on the map, which stays beside the filters in the address", async () => {
    const { page, map, query } = await board([job("1"), job("2")], {}, { at: "/board?crew=k1" });
    map().vm.$emit("update:chosen", "2");
    await flushPromises();
    expect(query()).toEqual({ crew: "k1", job: "2" });
    expect(page.get(".right").text()).toContain("香港中路 2 号");
    map().vm.$emit("crew", "k2");
    await flushPromises();
    expect(query()).toEqual({ crew: "k2", job: "2" });
  });
});

describe("a place picked on the map", () => {
  it("is asked for by a new job, which opens again with it", async () => {
    const { page, map, isPicking, query } = await board([], {}, { at: "/board?show=timeline" });
    await the.press(page, "[data-test=new-job]");
    const form = page.getComponent(NewJob);
    expect(form.props("modelValue")).toBe(true);
    form.vm.$emit("pick");
    await flushPromises();
    expect([form.props("modelValue"), query()["show"], isPicking()]).toEqual([false, "map", "true"]);
    map().vm.$emit("picked", [120.4, 36.1]);
    await flushPromises();
    expect([form.props("modelValue"), form.props("point"), isPicking()]).toEqual([
      true,
      [120.4, 36.1],
      "false",
    ]);
    form.vm.$emit("made", "7", false);
    await flushPromises();
    expect([query()["job"], form.props("point")]).toEqual(["7", null]);
  });
});
