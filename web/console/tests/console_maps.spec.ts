/** The console's maps: jobs, crews and cells of the board, cells of the ground, and where a click leads. */
import { flushPromises } from "@vue/test-utils";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Crew, Job } from "../src/live.ts";

vi.mock("maplibre-gl", async () => (await import("./drawn_map.ts")).library);
// Files share their modules: this one begins with its own, and leaves none behind.
vi.resetModules();
afterAll(() => void vi.resetModules());
const { world } = await import("./drawn_map.ts");
const { me } = await import("../src/api.ts");
const { cells, crews, extent, live } = await import("../src/live.ts");
const { default: BoardMap } = await import("../src/parts/BoardMap.vue");
const { default: GroundMap } = await import("../src/parts/GroundMap.vue");
const the = await import("./console_screen.ts");

const NOW = Date.parse("2026-12-01T03:00:00Z");
const point = (lng: number, lat: number) => ({ type: "Point" as const, coordinates: [lng, lat] });
const job = (id: string, more: Partial<Job> = {}): Job =>
  ({
    id,
    state: "dispatched",
    urgency: "normal",
    crew_id: "k1",
    due_at: "2026-12-01T09:00:00Z",
    place: point(120.4, 36.1),
    ...more,
  }) as Job;
const crew = (id: string, last_contact_at: string | null, more: Partial<Crew> = {}): Crew =>
  ({ id, name: `${id}班`, jobs: 2, last_contact_at, place: point(120.3, 36), ...more }) as Crew;
const last = () => world.maps.at(-1)!;
const click = (lng: number, lat: number, id?: string): void => {
  last().hit = id === undefined ? [] : [{ properties: { id } }];
  last().told["click"]!({ lngLat: { lng, lat }, point: { x: 0, y: 0 } });
};
let loading: unknown;
const loaded = async (): Promise<void> => {
  loading = last().told["load"]!({});
  await flushPromises();
};

beforeEach(() => {
  world.fresh();
  the.signedIn("dispatcher");
  live.now = NOW;
});
afterEach(() => {
  me.signed = null;
  for (const one of [crews, cells]) one.value = [];
  extent.value = null;
});

describe("the map of the board", () => {
  async function board(jobs: Job[], more: object = {}, language: "zh" | "en" = "zh") {
    const props = { jobs, chosen: "", line: [], ...more };
    const { page } = await the.shown(BoardMap, { props, language });
    if (world.maps.length) await loaded();
    const set = async (some: object): Promise<void> => {
      await page.setProps(some as never);
      await flushPromises();
    };
    return { page, set };
  }
  const drawnJobs = () =>
    last().data["jobs"]!.features.map(({ properties: one }) => [one["id"], one["kind"], one["chosen"]]);

  it("tells jobs apart by what they need, and leaves out those without a place", async () => {
    await board(
      [
        job("late", { due_at: "2026-12-01T02:00:00Z", urgency: "urgent" }),
        job("urgent", { urgency: "urgent" }),
        job("soon", { due_at: "2026-12-01T05:59:00Z" }),
        job("given", { due_at: "2026-12-01T06:00:00Z" }),
        job("open", { crew_id: null }),
        job("no limit", { due_at: null }),
        job("nowhere", { place: null }),
      ],
      { chosen: "soon" },
    );
    expect(drawnJobs()).toEqual([
      ["late", "late", false],
      ["urgent", "urgent", false],
      ["soon", "soon", true],
      ["given", "given", false],
      ["open", "open", false],
      ["no limit", "given", false],
    ]);
  });

  it("draws hundreds, none, and what comes later", async () => {
    const { set } = await board(Array.from({ length: 800 }, (_, n) => job(String(n))));
    expect(drawnJobs()).toHaveLength(800);
    await set({ jobs: [] });
    expect(drawnJobs()).toEqual([]);
    await set({ jobs: [job("1")], chosen: "1" });
    expect(drawnJobs()).toEqual([["1", "given", true]]);
  });

  it("has a crew's name and jobs where it is, by how long it has been silent", async () => {
    crews.value = [
      crew("一", "2026-12-01T02:51:00Z"),
      crew("二", "2026-12-01T02:50:00Z"),
      crew("三", "2026-12-01T02:00:00Z"),
      crew("四", null),
      crew("五", null, { place: null }),
    ];
    await board([]);
    expect(world.markers.map(({ element }) => [element!.textContent, element!.className])).toEqual([
      ["一班 2", "crew fresh"],
      ["二班 2", "crew older"],
      ["三班 2", "crew silent"],
      ["四班 2", "crew silent"],
    ]);
  });

  it("moves crews and leaves none behind, and a press on one asks for its jobs", async () => {
    crews.value = [crew("一", null), crew("二", null)];
    const { page } = await board([]);
    crews.value = [crew("二", null, { place: point(121, 37) })];
    await flushPromises();
    expect(world.markers.map((one) => one.place)).toEqual([[121, 37]]);
    world.markers[0]!.element!.click();
    expect(page.emitted("crew")).toEqual([["二"]]);
  });

  it("colours cells by their share of the most, also where there is no work at all", async () => {
    const cellsOf = (...given: number[]) => given.map((jobs, n) => ({ id: `c${n}`, jobs })) as never;
    cells.value = cellsOf(4, 1);
    await board([]);
    expect(last().loads).toEqual([
      ["c0", 1],
      ["c1", 0.25],
    ]);
    cells.value = cellsOf(0);
    await flushPromises();
    expect(last().loads.at(-1)).toEqual(["c0", 0]);
  });

  it("shows the ground, else the jobs, else stays; the first ground that comes is shown once", async () => {
    await board([]);
    expect(last().boxes).toEqual([]);
    extent.value = [120, 36, 121, 37];
    await flushPromises();
    extent.value = [1, 2, 3, 4];
    await flushPromises();
    expect(last().boxes).toEqual([[120, 36, 121, 37]]);
    extent.value = null;
    const { page } = await board([job("1"), job("2", { place: point(120.6, 36) })]);
    await the.press(page, ".fit");
    const box = [120.4, 36, 120.6, 36.1];
    expect(last().boxes).toEqual([box, box]);
  });

  it("chooses what is clicked, and nothing beside it", async () => {
    const { page } = await board([job("1")]);
    click(120, 36);
    expect(page.emitted("update:chosen")).toBeUndefined();
    click(120.4, 36.1, "1");
    expect([page.emitted("update:chosen"), page.emitted("picked")]).toEqual([[["1"]], undefined]);
  });

  it("tells the place and chooses nothing while a place is picked", async () => {
    const { page } = await board([job("1")], { isPicking: true });
    click(120.4, 36.1, "1");
    expect([page.emitted("picked"), page.emitted("update:chosen")]).toEqual([[[[120.4, 36.1]]], undefined]);
  });

  it("has one pin where a place was picked, and none when it is let go", async () => {
    const { set } = await board([]);
    await set({ point: [120, 36] });
    await set({ point: [121, 37] });
    expect(world.markers.map((one) => one.place)).toEqual([[121, 37]]);
    await set({ point: null });
    expect(world.markers).toEqual([]);
  });

  it("draws the line in the making", async () => {
    const { set } = await board([]);
    const line = [
      [120, 36],
      [121, 37],
    ];
    await set({ line });
    expect(last().data["line"]!.features.map((one) => one.geometry)).toContainEqual({
      type: "LineString",
      coordinates: line,
    });
  });

  it("goes to a job that is chosen out of sight, and stays where it is in sight", async () => {
    const { set } = await board([job("1"), job("2", { place: null })]);
    await set({ chosen: "1" });
    expect(last().pans).toEqual([]);
    last().view.contains = () => false;
    await set({ chosen: "2" });
    await set({ chosen: "1" });
    expect(last().pans).toEqual([[120.4, 36.1]]);
  });

  it.each([
    ["zh", /[\u4e00-\u9fff]/],
    ["en", /^[\x20-\x7e]+$/],
  ] as const)(
    "says in %s that this computer cannot draw it, and the page goes on",
    async (language, words) => {
      world.hasWebGl = false;
      const { page, set } = await board([job("1")], {}, language);
      expect(page.get(".el-alert").text()).toMatch(words);
      await set({ jobs: [], chosen: "1", point: [1, 2], line: [[1, 2]] });
      crews.value = [crew("一", null)];
      await flushPromises();
      expect([page.find(".fit").exists(), world.markers]).toEqual([false, []]);
    },
  );
});

describe("the map of the ground", () => {
  const READ = "GET /api/v1/territory/coverage/features";
  const square = (lng: number) => ({
    type: "Polygon",
    coordinates: [
      [
        [lng, 36],
        [lng + 1, 36],
        [lng + 1, 37],
        [lng, 36],
      ],
    ],
  });
  const cell = (id: string, more = {}, geometry: unknown = square(120)) => ({
    type: "Feature",
    geometry,
    properties: { id, name: `${id}格`, label_at: [120.5, 36.5], workload: 12.4, is_served: true, ...more },
  });
  const all = (...features: object[]) => ({ type: "FeatureCollection", features });

  async function ground(answer: unknown = all(cell("一")), more: object = {}) {
    const asked = the.house({ [READ]: answer });
    const props = { shapes: null, picked: [], line: [], ...more };
    const { page } = await the.shown(GroundMap, { props });
    if (world.maps.length) await loaded();
    const set = async (some: object): Promise<void> => {
      await page.setProps(some as never);
      await flushPromises();
    };
    return { asked, page, set };
  }
  const ids = () => last().data["cells"]!.features.map((one) => one.properties["id"]);
  const names = () => last().data["names"]!.features.map((one) => one.properties["name"]);

  it("draws the cells as they are, named with their work, and brings them into view", async () => {
    const { page } = await ground(
      all(cell("一"), cell("二", { workload: null, is_served: false }), cell("空", { label_at: null })),
    );
    expect([ids(), names()]).toEqual([
      ["一", "二", "空"],
      ["一格\n12", "二格"],
    ]);
    expect(last().data["names"]!.features.map((one) => one.properties["is_served"])).toEqual([true, false]);
    expect(last().boxes).toEqual([[120, 36, 121, 37]]);
    expect(page.get("[data-test=ground-map]").attributes("data-drawn")).toBe("yes");
  });

  it("draws hundreds, and nothing where there are no cells or they do not come", async () => {
    await ground(all(...Array.from({ length: 500 }, (_, n) => cell(String(n)))));
    expect(ids()).toHaveLength(500);
    for (const nothing of [all(), the.broken, the.refused(403, "not_allowed")]) {
      await ground(nothing);
      expect([ids(), last().boxes]).toEqual([[], []]);
    }
  });

  it("draws a plan's cells without the names of those that end, and goes to them", async () => {
    const { set } = await ground();
    const plan = all(cell("新", { change: "new" }, square(100)), cell("旧", { change: "ended" }, null));
    last().view.contains = () => false;
    await set({ shapes: plan });
    expect([ids(), names()]).toEqual([["新", "旧"], ["新格\n12"]]);
    expect(last().boxes.at(-1)).toEqual([100, 36, 101, 37]);
    await set({ shapes: null });
    expect(ids()).toEqual(["一"]);
  });

  it("stays where a plan's cells are in view", async () => {
    const { set } = await ground();
    await set({ shapes: all(cell("新")) });
    expect(last().boxes).toHaveLength(1);
  });

  it("marks the cells that are picked", async () => {
    const { set } = await ground(all(cell("一"), cell("二")));
    await set({ picked: ["二"] });
    expect(last().data["cells"]!.features.map((one) => one.properties["picked"])).toEqual([false, true]);
  });

  it("keeps the cells that stand there when the line breaks", async () => {
    let isUp = true;
    const { set } = await ground(() => (isUp ? all(cell("一")) : the.broken()));
    isUp = false;
    await set({ picked: ["一"] });
    expect(ids()).toEqual(["一"]);
  });

  it("shows the newest cells, whatever comes late of those before", async () => {
    const late = the.held(all(cell("旧")));
    const answers = [() => all(cell("一")), late.answer, () => all(cell("新"))];
    const { set } = await ground(() => answers.shift()!());
    await set({ picked: ["一"] });
    await set({ picked: [] });
    await late.go();
    expect(ids()).toEqual(["新"]);
  });

  it("is drawn no more once the page is left, even if its cells come then", async () => {
    const late = the.held(all(cell("一")));
    const { page } = await ground(late.answer);
    page.unmount();
    await late.go();
    await expect(loading).resolves.toBeUndefined();
    expect([last().isRemoved, last().data]).toEqual([true, {}]);
  });

  it.each([
    ["a cell", "一", "一"],
    ["no cell", undefined, null],
  ])("tells the place of a click on %s", async (_, hit, told) => {
    const { page } = await ground();
    click(120.5, 36.5, hit);
    expect(page.emitted("clicked")).toEqual([[[120.5, 36.5], told]]);
  });

  it("says that this computer cannot draw it, and asks for no cells", async () => {
    world.hasWebGl = false;
    const { asked, page } = await ground();
    expect([page.find(".el-alert").exists(), asked]).toEqual([true, []]);
  });
});
