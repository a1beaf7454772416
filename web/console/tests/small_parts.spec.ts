/** Small parts of the console: cover of the ground, findings of imports, who was responsible, notices. */
import { flushPromises } from "@vue/test-utils";
import { ElDatePicker, ElMessage } from "element-plus";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { me } from "../src/api.ts";
import { live, type Notice, notices } from "../src/live.ts";
import CoverageReport from "../src/parts/CoverageReport.vue";
import ImportFindings from "../src/parts/ImportFindings.vue";
import LookBack from "../src/parts/LookBack.vue";
import MoveDue from "../src/parts/MoveDue.vue";
import NoticeBell from "../src/parts/NoticeBell.vue";
import RepairFigures from "../src/parts/RepairFigures.vue";
import ToldList from "../src/parts/ToldList.vue";
import { house, refused, shown, signedIn } from "./console_screen.ts";

beforeEach(() => {
  signedIn("dispatcher");
  live.now = Date.parse("2026-12-01T03:00:00Z");
});
afterEach(() => {
  me.signed = null;
  notices.value = [];
  vi.restoreAllMocks();
});
const closing = () => ({ close: () => undefined }) as never;

describe("how the cells cover the ground", () => {
  const report = (more = {}) => ({
    cells: 12,
    overlaps: [],
    holes: 0,
    hole_m2: 0,
    unserved: [],
    to_split: [],
    measured_by: "outline",
    ...more,
  });
  const page = async (more = {}, language: "zh" | "en" = "zh") =>
    (await shown(CoverageReport, { props: { report: report(more) }, language })).page;

  it("is fine where nothing overlaps, is left out or is nobody's", async () => {
    const found = await page();
    expect(found.findAll(".el-tag--success")).toHaveLength(1);
    expect(found.findAll(".el-tag--danger")).toHaveLength(0);
    expect(found.find("[data-test=measured-by]").exists()).toBe(false);
  });

  it("is fine with cells that have too much work, which is said beside", async () => {
    const found = await page({ to_split: ["c"] }, "en");
    expect([found.findAll(".el-tag--success").length, found.findAll(".el-tag--warning").length]).toEqual([
      1, 1,
    ]);
  });

  it("names at most eight overlaps, with the area that both claim", async () => {
    const overlaps = Array.from({ length: 9 }, (_, n) => ({
      cells: [`格${n}`, "乙"],
      unit: "北区",
      area_m2: 20_000,
    }));
    const found = await page({
      overlaps,
      holes: 1,
      hole_m2: 500,
      unserved: ["c"],
      measured_by: "past_cells",
    });
    expect(found.findAll("[data-test=overlap]")).toHaveLength(8);
    expect(found.get("[data-test=overlap]").text()).toContain("0.02 km²");
    expect(found.findAll(".el-tag--danger")).toHaveLength(3);
    expect(found.text()).toContain("500 m²");
    expect(found.findAll(".el-tag--success")).toHaveLength(0);
    expect(found.find("[data-test=measured-by]").exists()).toBe(true);
  });
});

describe("what an import found", () => {
  const page = async (lines: object[], language: "zh" | "en" = "zh") =>
    (await shown(ImportFindings, { props: { lines }, language })).page;

  it("is a line a kind, and one kind with several opens to its worst", async () => {
    const worst = [
      { zh: "面积太小", en: "too small", zones: ["甲", "乙", "丙", "丁", "戊"] },
      { zh: "“甲”没有编号", en: "“甲” has no code", zones: ["甲"] },
    ];
    const found = await page([
      { code: "alone", zh: "一处", en: "one" },
      { code: "small", zh: "太小", en: "small ones", is_grave: true, count: 7, worst },
    ]);
    const [alone, small] = found.findAll("li");
    expect([alone!.find("details").exists(), alone!.classes("bad"), alone!.text()]).toEqual([
      false,
      false,
      "一处",
    ]);
    expect(small!.classes("bad")).toBe(true);
    expect(
      small!
        .findAll("p")
        .map((one) => one.text())
        .slice(0, 2),
    ).toEqual(["甲、乙、丙、丁：面积太小", "“甲”没有编号"]);
    expect(small!.findAll("p")).toHaveLength(3);
    expect(small!.text()).toContain("5");
  });

  it("is said in English where there is English, else in Chinese", async () => {
    const found = await page(
      [
        { code: "x", zh: "一处", en: "", zones: [] },
        {
          code: "y",
          zh: "二处",
          en: "two",
          count: 2,
          worst: [
            { zh: "甲", en: "a", zones: ["z"] },
            { zh: "乙", en: "b", zones: [] },
          ],
        },
      ],
      "en",
    );
    const [first, second] = found.findAll("li");
    expect(first!.text()).toBe("一处");
    expect(second!.findAll("p").map((one) => one.text())).toEqual(["z: a", "b"]);
  });

  it("is nothing where nothing was found", async () => {
    expect((await page([])).findAll("li")).toHaveLength(0);
  });
});

describe("who was responsible for a place", () => {
  const there = { cell: { name: "大港一格" }, responsible: { name: "王芳", work_phone: "0532-1" } };
  const asked = (answer: unknown) => house({ "GET /api/v1/territory/responsible": answer });

  it("is asked for once a place is chosen, for the city's day", async () => {
    const all = asked(there);
    const { page } = await shown(LookBack, { props: { place: null } });
    expect(all).toHaveLength(0);
    await page.setProps({ place: [120.4, 36.1] } as never);
    await flushPromises();
    expect(page.get("[data-test=was]").text()).toContain("王芳");
    expect(all[0]!.path).toMatch(/lng=120\.4&lat=36\.1&on=\d{4}-\d\d-\d\d$/);
  });

  it.each([
    ["nobody", { ...there, responsible: null }, "[data-test=was]"],
    ["no cell", refused(404, "not_found"), ".bad"],
    ["a refusal", refused(403, "not_allowed"), ".bad"],
  ])("may be %s", async (_, answer, where) => {
    asked(answer);
    const { page } = await shown(LookBack, { props: { place: null } });
    await page.setProps({ place: [120.4, 36.1] } as never);
    await flushPromises();
    expect(page.get(where).text().length).toBeGreaterThan(2);
    expect(page.findAll("[data-test=was], .bad")).toHaveLength(1);
  });

  it("is not said of a place that was left meanwhile", async () => {
    let late: (one: unknown) => void = () => undefined;
    const all = asked(({ path }: { path: string }) =>
      path.includes("lng=1&") ? new Promise((done) => (late = done)) : { ...there, cell: { name: "second" } },
    );
    const { page } = await shown(LookBack, { props: { place: null } });
    await page.setProps({ place: [1, 2] } as never);
    await flushPromises();
    await page.setProps({ place: [3, 4] } as never);
    await flushPromises();
    late({ ...there, cell: { name: "first" } });
    await flushPromises();
    expect(page.get("[data-test=was]").text()).toContain("second");
    expect(all).toHaveLength(2);
  });
});

describe("a due day that is moved", () => {
  const dialog = async (kind = "visit", fields = ["due_on"]) =>
    (await shown(MoveDue, { props: { kind, id: "v", fields } })).page;
  const pick = async (page: Awaited<ReturnType<typeof dialog>>, day: string) =>
    page.getComponent(ElDatePicker).vm.$emit("update:modelValue", day);

  it("needs a day and a reason", async () => {
    const warned = vi.spyOn(ElMessage, "warning").mockImplementation(closing);
    const asked = house({});
    const page = await dialog();
    await page.get("[data-test=move-due]").trigger("click");
    await pick(page, "2026-12-24");
    await page.get("[name=due-reason]").setValue("   ");
    await page.get("[data-test=move-due]").trigger("click");
    expect([warned.mock.calls.length, asked.length]).toEqual([2, 0]);
  });

  it.each([
    ["visit", "due_on", "2026-12-24", "2026-12-24"],
    // A moment is as the city's clock reads it.
    ["work_order", "due_at", "2026-12-24T09:00:00", "2026-12-24T01:00:00.000Z"],
  ])("of a %s is sent as %s wants it", async (kind, field, picked, sent) => {
    vi.spyOn(ElMessage, "success").mockImplementation(closing);
    const asked = house({ [`PUT /api/v1/due-days/${kind}/v`]: {} });
    const page = await dialog(kind, [field]);
    await pick(page, picked);
    await page.get("[name=due-reason]").setValue(" 待料 ");
    await page.get("[data-test=move-due]").trigger("click");
    await flushPromises();
    expect(asked[0]!.body).toEqual({ now: { [field]: sent }, reason: "待料" });
    expect([page.emitted("moved")?.length, page.emitted("close")?.length]).toEqual([1, 1]);
  });

  it("that is refused stays open and says why", async () => {
    const said = vi.spyOn(ElMessage, "error").mockImplementation(closing);
    house({ "PUT /api/v1/due-days/visit/v": refused(403, "not_allowed") });
    const page = await dialog();
    await pick(page, "2026-12-24");
    await page.get("[name=due-reason]").setValue("待料");
    await page.get("[data-test=move-due]").trigger("click");
    await flushPromises();
    expect([said.mock.calls.length, page.emitted("close")]).toEqual([1, undefined]);
  });
});

describe("figures of repairs", () => {
  const row = { diameter: "DN100", repairs: 3, in_time: 2, minutes_to_done: 90, minutes_without_water: null };

  it("are asked for when they are opened, with their share in time", async () => {
    const asked = house({
      "GET /api/v1/territory/repairs": [row, { ...row, diameter: "DN300", repairs: 0 }],
    });
    const { page } = await shown(RepairFigures, { language: "en", without: ["ElDatePicker"] });
    expect(asked).toHaveLength(0);
    await page.get("[data-test=repairs]").trigger("click");
    await flushPromises();
    const cells = page.findAll("[data-test=repair-rows] tbody td").map((one) => one.text());
    expect(cells.slice(0, 6)).toEqual(["DN100", "3", "2", "66.7 %", "90", "—"]);
    expect(cells[9]).toBe("—");
    expect(asked[0]!.path).toMatch(/since=\d{4}-01-01&until=\d{4}-\d\d-\d\d$/);
  });

  it("that may not be seen say so", async () => {
    house({ "GET /api/v1/territory/repairs": refused(403, "not_allowed") });
    const { page } = await shown(RepairFigures, { without: ["ElDatePicker"] });
    await page.get("[data-test=repairs]").trigger("click");
    await flushPromises();
    expect(page.find(".el-alert").exists()).toBe(true);
  });
});

describe("time and cost as they were told", () => {
  const telling = {
    minutes: 40,
    cost_fen: 4550,
    told_to: "王芳",
    way: "phone",
    at: "2026-12-01T01:05:00Z",
    is_agreed: true,
  };
  const list = async (job: object, mayAdd: boolean) =>
    (
      await shown(ToldList, {
        props: { job: { id: "j", version: 3, ...job }, mayAdd },
        without: ["ElSelect"],
      })
    ).page;

  it("are not there where nothing was told and nothing may be", async () => {
    expect((await list({}, false)).find("[data-test=tellings]").exists()).toBe(false);
    expect((await list({}, true)).find("[data-test=tellings]").exists()).toBe(true);
    const told = await list({ tellings: [telling, telling] }, false);
    expect([told.findAll(".telling").length, told.find("[data-test=add-telling]").exists()]).toEqual([
      2,
      false,
    ]);
  });

  it("take one more beside the old ones, with the version that was seen", async () => {
    const asked = house({ "PATCH /api/v1/work-orders/j": {} });
    const page = await list({ tellings: [telling] }, true);
    await page.get("[data-test=add-telling]").trigger("click");
    await page.get("[name=told-minutes]").setValue("60");
    await page.get("[name=told-amount]").setValue("12.3");
    await page.get("[name=told-to]").setValue(" 李雷 ");
    await page.get("[data-test=told-agreed] input").setValue(true);
    await page.get("[data-test=keep-telling]").trigger("click");
    await flushPromises();
    expect(asked[0]!.body).toMatchObject({
      tellings: [telling, { minutes: 60, cost_fen: 1230, told_to: "李雷", is_agreed: true }],
      told_minutes: 60,
      told_cost_fen: 1230,
    });
    expect(asked[0]!.headers.get("If-Match")).toBe('"3"');
    expect(page.emitted("told")).toHaveLength(1);
    expect(page.find("[name=told-minutes]").exists()).toBe(false);
  });

  it("ask why where another figure was told before, and keep what was typed when refused", async () => {
    const warned = vi.spyOn(ElMessage, "warning").mockImplementation(closing);
    const said = vi.spyOn(ElMessage, "error").mockImplementation(closing);
    house({ "PATCH /api/v1/work-orders/j": refused(409, "changed_meanwhile") });
    const page = await list({ tellings: [telling], told_minutes: 40 }, true);
    await page.get("[data-test=add-telling]").trigger("click");
    for (const [name, text] of [
      ["minutes", "60"],
      ["amount", "12"],
      ["to", "李雷"],
    ])
      await page.get(`[name=told-${name}]`).setValue(text);
    await page.get("[data-test=keep-telling]").trigger("click");
    expect(warned).toHaveBeenCalledTimes(1);
    await page.get("[name=told-why]").setValue("多了一个阀门");
    await page.get("[data-test=keep-telling]").trigger("click");
    await flushPromises();
    expect([said.mock.calls.length, page.emitted("told")]).toEqual([1, undefined]);
    expect((page.get("[name=told-why]").element as HTMLInputElement).value).toBe("多了一个阀门");
  });
});

const BOARD = { jobs: [], crews: [], cells: [], notices: [], extent: null };

describe("notices", () => {
  const notice = (id: string, more: Partial<Notice> = {}): Notice =>
    ({
      id,
      version: 1,
      text_zh: `通知${id}`,
      text_en: `Notice ${id}`,
      subject_kind: null,
      subject_id: null,
      is_urgent: false,
      created_at: "2026-12-01T01:05:00Z",
      ...more,
    }) as Notice;
  const saidAloud = (): number => document.querySelectorAll(".el-notification").length;

  it("are counted in the page's title, and those that were there are not said aloud", async () => {
    const title = (document.title = "网格");
    const { page } = await shown(NoticeBell);
    notices.value = [notice("1", { is_urgent: true }), notice("2")];
    await flushPromises();
    expect(document.title).toBe(`(2) ${title}`);
    expect(page.find(".el-badge__content--danger").exists()).toBe(true);
    expect(saidAloud()).toBe(0);
    notices.value = [];
    await flushPromises();
    expect(document.title).toBe(title);
  });

  it("lead to the job that they are about, and are read then", async () => {
    const asked = house({ "PATCH /api/v1/notices/1": {}, "GET /api/v1/dispatch/board": BOARD });
    notices.value = [notice("1", { subject_kind: "work_order", subject_id: "j" })];
    const { page, router } = await shown(NoticeBell, { language: "en" });
    await page.get("[data-test=notices]").trigger("click");
    await flushPromises();
    expect(page.get("[data-test=notice]").text()).toContain("Notice 1");
    await page.get("[data-test=notice]").trigger("click");
    await flushPromises();
    expect(router.currentRoute.value.fullPath).toBe("/board?job=j");
    expect(asked[0]).toMatchObject({ method: "PATCH", path: "/api/v1/notices/1" });
  });

  it("are read all at once, and one that cannot be stops no other", async () => {
    const asked = house({ "PATCH /api/v1/notices/2": {}, "GET /api/v1/dispatch/board": BOARD });
    notices.value = [notice("1"), notice("2")];
    const { page } = await shown(NoticeBell);
    await page.get("[data-test=notices]").trigger("click");
    await flushPromises();
    await page.get("[data-test=read-all]").trigger("click");
    await flushPromises();
    expect(asked.filter((one) => one.method === "PATCH").map((one) => one.path)).toEqual([
      "/api/v1/notices/1",
      "/api/v1/notices/2",
    ]);
  });
});
