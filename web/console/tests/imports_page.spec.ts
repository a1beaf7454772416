/** The page of imports in every state: nothing yet, late answers, a server that is away, what is settled. */
import { flushPromises } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { me } from "../src/api.ts";
import ImportColumns from "../src/parts/ImportColumns.vue";
import ImportResult from "../src/parts/ImportResult.vue";
import ImportSettle from "../src/parts/ImportSettle.vue";
import Imports from "../src/views/Imports.vue";
import {
  held,
  house,
  type Page,
  press,
  refused,
  rowsOf,
  shown,
  signedIn,
  whatOf,
  writes,
} from "./console_screen.ts";

const fields = [
  { name: "number", zh: "户号", en: "Customer number", is_required: true },
  { name: "name", zh: "户名", en: "Name", is_required: true },
  { name: "longitude", zh: "经度", en: "Longitude", is_required: false },
];
const target = { name: "customers", zh: "客户", en: "Customers", fields };
const column = (letter: string, name: string) => ({ letter, name, examples: ["一"] });
const run = (more = {}) => ({
  id: "r1",
  unit_id: "u",
  target: "customers",
  filename: "用户.xlsx",
  file_sha256: "00",
  state: "checking",
  rows: 300,
  done: 100,
  counts: {},
  columns: [column("A", "编号"), column("B", "名字"), column("C", "东经")],
  sheet: "",
  sheets: [],
  encoding: "gb18030",
  header_rows: [1],
  set_aside: [],
  chosen: { number: "编号", name: "名字" },
  answers: {},
  clears_empty: false,
  questions: [],
  problem: null,
  made_by_id: "me",
  made_at: "2026-12-01T03:00:00Z",
  ended_at: null,
  ...more,
});
const row = (number: number, more = {}) => ({
  number,
  verdict: "to_settle",
  values: { address: `无名路${number}号` },
  reasons: [{ field: "address", code: "unknown_address", zh: "没有见过", en: "not known" }],
  proposed_cell_id: null,
  confidence: null,
  is_settled: false,
  record_id: null,
  ...more,
});
const AT = "GET /api/v1/imports/r1";
const ROWS = "GET /api/v1/imports/r1/rows";
const SETTLED = "PUT /api/v1/imports/r1/settled";
const lists = (...runs: object[]) => ({
  "GET /api/v1/imports/targets": [target],
  "GET /api/v1/units": rowsOf(),
  "GET /api/v1/imports": runs,
  [ROWS]: [],
});
const page = async (at = "/?run=r1", language: "zh" | "en" = "zh") =>
  (await shown(Imports, { at, language, without: ["ElSelect"] })).page;
const stateOf = (found: Page): string => found.get('[data-test="state"]').text();
/** The time until the page asks again. */
const wait = () => vi.advanceTimersByTimeAsync(1500).then(flushPromises);

beforeEach(() => {
  signedIn("admin");
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});
afterEach(() => {
  me.signed = null;
  vi.useRealTimers();
});

describe("what is under way", () => {
  it("is asked for again until it has ended", async () => {
    let asked = 0;
    const answers = [run({ done: 200 }), run({ state: "checked", counts: { new: 300 } })];
    house({ ...lists(run()), [AT]: () => answers[Math.min(asked++, 1)] });
    const found = await page();
    expect(found.get('[role="progressbar"]').attributes("aria-valuenow")).toBe("33");
    await wait();
    expect(found.get('[role="progressbar"]').attributes("aria-valuenow")).toBe("67");
    await wait();
    expect(stateOf(found)).toBe("已核对，还没有写入");
    await wait();
    expect(asked).toBe(2);
  });

  it("stays closed when an answer comes late", async () => {
    const late = held(run({ state: "checked", counts: { new: 1 } }));
    house({ ...lists(run()), [AT]: late.answer });
    const found = await page();
    await wait();
    await press(found, '[data-test="close"]');
    await late.go();
    expect(found.find('[data-test="run"]').exists()).toBe(false);
    expect(found.get('[data-test="runs"]').text()).toContain("已核对，还没有写入");
  });

  it("gives its place to another that was opened meanwhile", async () => {
    const late = held(run({ state: "applied", counts: { new: 1 } }));
    const other = run({ id: "r2", filename: "员工.xlsx", state: "discarded" });
    house({ ...lists(run(), other), [AT]: late.answer });
    const found = await page();
    await wait();
    const opened = found.findAll('[data-test="runs"] button').find((one) => one.text() === "员工.xlsx")!;
    await opened.trigger("click");
    await late.go();
    expect(found.get('[data-test="run"]').text()).toContain("员工.xlsx");
    expect(stateOf(found)).toBe("已放弃");
  });

  it("is asked for again after the server was away, and says so meanwhile", async () => {
    let asked = 0;
    const back = run({ state: "applied", counts: { new: 300 } });
    house({ ...lists(run()), [AT]: () => (asked++ ? back : refused(503, "server_error")) });
    const found = await page();
    await wait();
    expect(found.text()).toContain(whatOf("server_error", "zh"));
    await wait();
    expect(stateOf(found)).toBe("已导入");
    expect(found.text()).not.toContain(whatOf("server_error", "zh"));
  });

  it("is left alone by a page that is gone", async () => {
    const late = held(run());
    const asked = house({ ...lists(run()), [AT]: late.answer });
    const found = await page();
    await wait();
    found.unmount();
    await late.go();
    const before = asked.length;
    await wait();
    expect(asked.length).toBe(before);
  });
});

describe("the list", () => {
  it("says that there is nothing yet, in both languages", async () => {
    house(lists());
    expect((await page("/")).get('[data-test="runs"]').text()).toContain("还没有导入过");
    expect((await page("/", "en")).get('[data-test="runs"]').text()).toContain("Nothing was imported yet");
  });

  it("says why it cannot be shown", async () => {
    house({ ...lists(), "GET /api/v1/imports": refused(500, "server_error") });
    expect((await page("/", "en")).text()).toContain(whatOf("server_error", "en"));
  });

  it("sums up what became of each, and names a table that it does not know by its code", async () => {
    const counts = { new: 3, refused: 2 };
    house(lists(run({ state: "applied", counts }), run({ id: "r3", target: "pumps", state: "read" })));
    const text = (await page("/")).get('[data-test="runs"]').text();
    expect(text).toContain("新增 3 · 不能导入 2");
    expect(text).toContain("pumps");
  });

  it("opens one that is older than all that it holds", async () => {
    house({ ...lists(), [AT]: run({ state: "applied", counts: { new: 9 } }) });
    expect(stateOf(await page())).toBe("已导入");
  });

  it("says that one is not there", async () => {
    house({ ...lists(), [AT]: refused(404, "not_found") });
    const found = await page();
    expect(found.find('[data-test="run"]').exists()).toBe(false);
    expect(found.text()).toContain(whatOf("not_found", "zh"));
  });
});

describe("what waits for a person", () => {
  const counts = { new: 2, to_settle: 250, gone: 1 };
  const result = async (answers: object, given: object = {}) => {
    const asked = house({ [ROWS]: [row(3), row(4)], "GET /api/v1/cells": rowsOf(), ...answers } as never);
    const props = { run: run({ state: "checked", counts, ...given }) };
    const { page: found } = await shown(ImportResult, { without: ["ElSelect"], props });
    return { asked, found };
  };

  it("is counted whole, though only the first are shown", async () => {
    const { found } = await result({});
    expect(found.get('[data-test="settle"]').text()).toContain("对 250 行");
  });

  it("is written with the rest once it is settled, whichever rows are shown", async () => {
    const now = run({ state: "checked", counts: { to_settle: 100, settled: 150 } });
    const { found, asked } = await result(
      { [AT]: now, [SETTLED]: { settled: 150 } },
      { counts: { to_settle: 250 } },
    );
    expect(found.get('[data-test="apply"]').attributes("disabled")).toBeDefined();
    await press(found, '[data-test="proposed"]');
    expect(writes(asked)).toHaveLength(1);
    expect((found.emitted("kept")![0] as [object])[0]).toEqual(now);
    await found.setProps({ run: now });
    await flushPromises();
    expect(found.get('[data-test="apply"]').text()).toBe("写入 150 行");
    expect(found.get('[data-test="apply"]').attributes("disabled")).toBeUndefined();
    expect(found.get('[data-test="counts"]').text()).toContain("已确认150");
  });

  it("is still listed when all of it is settled", async () => {
    const { found } = await result({}, { counts: { settled: 2 } });
    expect(found.get('[data-test="settle"]').text()).toContain("对 0 行");
    expect(found.get('[data-test="waiting"]').text()).toContain("无名路3号");
  });

  it("says why it could not be settled, and can be tried again", async () => {
    const { found } = await result({ [SETTLED]: refused(409, "import_busy") });
    await press(found, '[data-test="alone"]');
    expect(found.get('[data-test="settle"]').text()).toContain(whatOf("import_busy", "zh"));
    expect(found.emitted("kept")).toBeUndefined();
    expect(found.get('[data-test="alone"]').attributes("disabled")).toBeUndefined();
  });

  it("goes into a cell only where one is chosen, and has no share where nothing is proposed", async () => {
    house({});
    const props = { run: run(), rows: [row(3)], cells: [], waiting: 1 };
    const { page: found } = await shown(ImportSettle, { without: ["ElSelect"], props, language: "en" });
    expect(found.get('[data-test="in-cell"]').attributes("disabled")).toBeDefined();
    expect(found.get('[data-test="waiting"]').text()).toContain("not known");
    expect(found.get('[data-test="waiting"]').text()).not.toContain("%");
  });

  it("is let come true once, however often it is pressed", async () => {
    const late = held(run({ state: "applying" }));
    const { found, asked } = await result({ "PUT /api/v1/imports/r1/acceptance": late.answer });
    await press(found, '[data-test="apply"]');
    await press(found, '[data-test="apply"]');
    await late.go();
    expect(writes(asked)).toHaveLength(1);
    expect(found.emitted("kept")).toHaveLength(1);
  });
});

describe("how far the writing is", () => {
  it("counts what is settled, and not what waits", async () => {
    house({});
    const given = run({ state: "applying", counts: { new: 1, settled: 1, to_settle: 8 }, done: 1 });
    const { page: found } = await shown(ImportResult, { without: ["ElSelect"], props: { run: given } });
    expect(found.get('[role="progressbar"]').attributes("aria-valuenow")).toBe("50");
  });

  it("is whole where nothing is to be written", async () => {
    house({});
    const props = { run: run({ state: "applying", counts: { refused: 4 }, done: 0 }) };
    const { page: found } = await shown(ImportResult, { without: ["ElSelect"], props });
    expect(found.get('[role="progressbar"]').attributes("aria-valuenow")).toBe("100");
  });
});

describe("columns", () => {
  const columns = async (given: object, language: "zh" | "en" = "zh") =>
    (await shown(ImportColumns, { without: ["ElSelect"], props: { run: run(given), target }, language }))
      .page;

  it("ask for a datum only where there are coordinates", async () => {
    house({});
    expect((await columns({ state: "read" })).find('[data-test="datum"]').exists()).toBe(false);
    const chosen = { number: "编号", name: "名字", longitude: "东经" };
    expect((await columns({ state: "read", chosen })).find('[data-test="datum"]').exists()).toBe(true);
  });

  it("say what was refused, and can be sent again", async () => {
    house({ "PUT /api/v1/imports/r1/mapping": refused(409, "import_busy") });
    const found = await columns({ state: "checked" }, "en");
    expect(found.get('[data-test="check"]').text()).toBe("Check again");
    await press(found, '[data-test="check"]');
    expect(found.get('[data-test="columns-problem"]').text()).toContain(whatOf("import_busy", "en"));
    expect(found.get('[data-test="check"]').attributes("disabled")).toBeUndefined();
  });

  it("are discarded, and the run told as it is then", async () => {
    const gone = run({ state: "discarded" });
    const asked = house({ "DELETE /api/v1/imports/r1": {}, [AT]: gone });
    const found = await columns({ state: "read" });
    await press(found, '[data-test="discard"]');
    expect(writes(asked).map((one) => one.method)).toEqual(["DELETE"]);
    expect(found.emitted("kept")).toEqual([[gone]]);
  });

  it("name by their encoding what has no sheets", async () => {
    house({});
    expect((await columns({ state: "read" })).text()).toContain("共 300 行（gb18030）");
  });
});
