/** Parts of the board as a dispatcher works them: figures to press, the list by keys, a job's facts. */
import { flushPromises } from "@vue/test-utils";
import { ElMessageBox } from "element-plus";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { me } from "../src/api.ts";
import { keepFilter, NOTHING, useFilter, useFilters, type Wanted } from "../src/filters.ts";
import { useFound } from "../src/found_options.ts";
import { type Crew, crews, type Job, jobs, live, matters } from "../src/live.ts";
import FilterChips from "../src/parts/FilterChips.vue";
import JobFacts from "../src/parts/JobFacts.vue";
import JobList from "../src/parts/JobList.vue";
import { routed, shown, signedIn, within } from "./console_screen.ts";

const NOW = Date.parse("2026-12-01T03:00:00Z");
const job = (id: string, more: Partial<Job> = {}): Job =>
  ({
    id,
    number: `W-${id}`,
    state: "dispatched",
    urgency: "normal",
    matter_id: "m",
    crew_id: "k1",
    due_at: "2026-12-01T05:00:00Z",
    opened_at: "2026-12-01T02:00:00Z",
    address: `香港中路 ${id} 号`,
    ...more,
  }) as Job;

beforeEach(() => {
  signedIn("dispatcher");
  live.now = NOW;
  matters.value = new Map([["m", { name_zh: "漏水", name_en: "Leak" }]]);
  crews.value = [{ id: "k1", name: "一班" } as Crew];
});
afterEach(() => {
  me.signed = null;
  jobs.value = [];
  vi.restoreAllMocks();
});

describe("a filter in the address", () => {
  it("is read from there and written there, beside the others", async () => {
    const router = routed();
    await router.push("/board?state=late&job=7");
    const state = within(router, () => useFilter("state"));
    expect(state.value).toBe("late");
    state.value = "done";
    await flushPromises();
    expect(router.currentRoute.value.query).toEqual({ state: "done", job: "7" });
    state.value = "";
    await flushPromises();
    expect(router.currentRoute.value.query).toEqual({ job: "7" });
  });

  it("set with the others empties those not named and keeps what is chosen", async () => {
    const router = routed();
    await router.push("/board?state=late&crew=k1&job=7&show=map&q=x");
    const ask = within(router, () => useFilters());
    ask({ urgency: "urgent", words: "漏水" });
    await flushPromises();
    expect(router.currentRoute.value.query).toEqual({ urgency: "urgent", q: "漏水", job: "7", show: "map" });
  });
});

describe("figures", () => {
  const chips = (wanted: Partial<Wanted> = {}, language: "zh" | "en" = "zh") =>
    shown(FilterChips, { props: { wanted: { ...NOTHING, ...wanted } }, language, at: "/board" });

  it("count what stands behind them, and alarm where somebody must do something", async () => {
    jobs.value = [
      job("1", { due_at: "2026-12-01T02:00:00Z" }),
      job("2", { crew_id: null, urgency: "urgent" }),
      job("3", { opened_at: null }),
      job("4", { state: "done" }),
    ];
    const { page } = await chips();
    const count = (name: string): string => page.get(`[data-test=figure-${name}] b`).text();
    expect(["late", "unassigned", "urgent", "unopened", "done", "call"].map(count)).toEqual([
      "1",
      "1",
      "1",
      "1",
      "1",
      "0",
    ]);
    expect(page.get("[data-test=figure-late]").classes("alarm")).toBe(true);
    expect(page.get("[data-test=figure-call]").classes("alarm")).toBe(false);
    expect(page.get("[data-test=figure-urgent]").classes("alarm")).toBe(false);
  });

  it("ask when they are pressed, and let go when they are pressed again", async () => {
    const { page, router } = await chips();
    await page.get("[data-test=figure-late]").trigger("click");
    await flushPromises();
    expect(router.currentRoute.value.query).toEqual({ state: "late" });
    await page.setProps({ wanted: { ...NOTHING, state: "late" } } as never);
    expect(page.get("[data-test=figure-late]").attributes("aria-pressed")).toBe("true");
    await page.get("[data-test=figure-late]").trigger("click");
    await flushPromises();
    expect(router.currentRoute.value.query).toEqual({});
  });

  it("of one's own are offered to be kept once, by a name", async () => {
    vi.spyOn(ElMessageBox, "prompt").mockResolvedValue({ value: " 一班的 " } as never);
    const { page } = await chips({ crew: "k1" });
    await page.get("[data-test=keep-filter]").trigger("click");
    await flushPromises();
    expect(page.get("[data-test=kept]").text()).toContain("一班的 0");
    expect(page.find("[data-test=keep-filter]").exists()).toBe(false);
    expect(localStorage.getItem("wangge.filters.me")).toContain("一班的");
  });

  it("are not offered for nothing or a known figure, and a closed question keeps nothing", async () => {
    expect((await chips()).page.find("[data-test=keep-filter]").exists()).toBe(false);
    expect((await chips({ state: "late" })).page.find("[data-test=keep-filter]").exists()).toBe(false);
    vi.spyOn(ElMessageBox, "prompt").mockRejectedValue("cancel");
    const { page } = await chips({ crew: "k1" });
    await page.get("[data-test=keep-filter]").trigger("click");
    await flushPromises();
    expect(page.find("[data-test=kept]").exists()).toBe(false);
  });

  it("that were kept are there, and gone when they are closed", async () => {
    keepFilter("me", { name: "夜班", wanted: { crew: "none" } });
    jobs.value = [job("1", { crew_id: null })];
    const { page } = await chips({}, "en");
    expect(page.get("[data-test=kept]").text()).toBe("夜班 1");
    await page.get("[data-test=kept] .el-tag__close").trigger("click");
    expect(page.find("[data-test=kept]").exists()).toBe(false);
  });
});

describe("the list of jobs", () => {
  const many = Array.from({ length: 500 }, (_, n) => job(String(n)));
  async function list(all: Job[], chosen = "", language: "zh" | "en" = "zh") {
    const marked = new Set<string>();
    const { page } = await shown(JobList, { props: { jobs: all, chosen, marked }, language });
    const press = (key: string) => page.get("[data-test=jobs]").trigger("keydown", { key });
    return { page, press };
  }

  it("draws the rows in sight alone, and has the height of all", async () => {
    const { page } = await list(many);
    expect(page.findAll(".job").length).toBeLessThan(40);
    expect(page.get("[role=presentation]").attributes("style")).toContain(`${500 * 64}px`);
  });

  it.each([
    ["ArrowDown", "3", "4"],
    ["ArrowUp", "3", "2"],
    ["PageDown", "3", "13"],
    ["PageUp", "3", "0"],
    ["Home", "30", "0"],
    ["End", "3", "499"],
    ["ArrowDown", "", "0"],
    ["ArrowDown", "499", "499"],
  ])("by %s goes from %j to %s", async (key, from, to) => {
    const { page, press } = await list(many, from);
    await press(key);
    expect((page.emitted("update:chosen") ?? [[from]]).at(-1)).toEqual([to]);
  });

  it("marks by space, tells of digits, and leaves other keys alone", async () => {
    const { page, press } = await list(many, "3");
    await press(" ");
    expect(page.emitted("update:marked")![0]).toEqual([new Set(["3"])]);
    await press("2");
    expect(page.emitted("digit")).toEqual([[2]]);
    await press("0");
    await press("x");
    expect(page.emitted("digit")).toHaveLength(1);
  });

  it("chooses by a click, and marks by one with a key held", async () => {
    const { page } = await list(many.slice(0, 3));
    const row = page.get("[data-job='1']");
    await row.trigger("click");
    await row.trigger("click", { ctrlKey: true });
    expect([page.emitted("update:chosen"), page.emitted("update:marked")]).toEqual([
      [["1"]],
      [[new Set(["1"])]],
    ]);
  });

  it.each([
    ["2026-12-01T03:00:00Z", "zh", "0 分钟"],
    ["2026-12-01T04:29:00Z", "zh", "89 分钟"],
    ["2026-12-01T04:30:00Z", "en", "2 h"],
    ["2026-12-02T03:00:00Z", "en", "24 h"],
    ["2026-12-04T03:00:00Z", "zh", "3 天"],
    ["2026-11-28T03:00:00Z", "en", "3 d"],
  ] as const)("says how long a job due at %s has, in %s: %s", async (due_at, language, text) => {
    const { page } = await list([job("1", { due_at })], "", language);
    expect(page.get(".job").text()).toContain(text);
  });

  it("says nothing of a limit that there is not, and who must be called", async () => {
    const calls = {
      due_at: null,
      opened_at: null,
      dispatched_at: "2026-12-01T01:00:00Z",
      escalated_at: "2026-12-01T02:00:00Z",
    };
    const { page } = await list([
      job("1", calls),
      job("2", { crew_id: null, address: null, description: "没水" }),
    ]);
    const [first, second] = page.findAll(".job");
    expect(first!.findAll("span").at(-1)!.text()).toBe("");
    expect(first!.find(".el-tag--danger").exists()).toBe(true);
    expect(second!.text()).toContain("没水");
    expect(second!.find(".el-tag--warning").exists()).toBe(true);
  });

  it("is empty without jobs, and keys do nothing there", async () => {
    const { page, press } = await list([]);
    await press("ArrowDown");
    expect([page.findAll(".job").length, page.emitted("update:chosen")]).toEqual([0, undefined]);
  });
});

describe("a job's facts", () => {
  const facts = (one: Job, full = {}, language: "zh" | "en" = "zh", mayMove = false) =>
    shown(JobFacts, { props: { job: one, full, mayMove }, language });

  it("show the card's address before the job's, and nothing that is not there", async () => {
    const { page } = await facts(job("1", { crew_id: null }), { site_card: { address: "卡上的地址" } });
    expect(page.text()).toContain("卡上的地址");
    expect(page.text()).not.toContain("香港中路");
    expect(page.find("[data-test=promised]").exists()).toBe(false);
    expect(page.find("[data-test=move-job]").exists()).toBe(false);
  });

  it("mark a promise that has passed while nobody was there", async () => {
    const promised = { appointment_from: "2026-12-01T00:00:00Z", appointment_until: "2026-12-01T02:00:00Z" };
    const late = await facts(job("1", promised), {}, "en");
    expect(late.page.get("[data-test=promised]").classes("bad")).toBe(true);
    const there = await facts(job("1", { ...promised, state: "arrived" }), {}, "en");
    expect(there.page.get("[data-test=promised]").classes("bad")).toBe(false);
  });

  it("offer to move the limit to whoever may", async () => {
    const { page } = await facts(job("1"), {}, "zh", true);
    await page.get("[data-test=move-job]").trigger("click");
    expect(page.emitted("move")).toHaveLength(1);
  });
});

describe("choosing from a list by typing", () => {
  it("finds as everything is found, and shows all while nothing is typed", () => {
    const names = ["大港一格", "小港二格", "Harbour 3"];
    const { shown: options, filter } = useFound(
      () => names,
      (one) => one,
    );
    expect(options.value).toEqual(names);
    filter("小港");
    expect(options.value).toEqual(["小港二格"]);
    filter("ＨＡＲＢＯＵＲ");
    expect(options.value).toEqual(["Harbour 3"]);
    filter("没有");
    expect(options.value).toEqual([]);
    filter("");
    expect(options.value).toHaveLength(3);
  });
});
