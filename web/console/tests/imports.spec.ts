/** Importing own tables: the file, its columns, the dry run, what waits for a person, and who may. */
import { flushPromises } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { me } from "../src/api.ts";
import ImportColumns from "../src/parts/ImportColumns.vue";
import ImportResult from "../src/parts/ImportResult.vue";
import Imports from "../src/views/Imports.vue";
import { house, press, refused, rowsOf, shown, signedIn, whatOf, writes } from "./console_screen.ts";

const target = {
  name: "customers",
  zh: "客户",
  en: "Customers",
  fields: [
    { name: "number", zh: "户号", en: "Customer number", is_required: true },
    { name: "name", zh: "户名", en: "Name", is_required: true },
    { name: "longitude", zh: "经度", en: "Longitude", is_required: false },
  ],
};
const column = (letter: string, name: string) => ({ index: 0, letter, name, examples: ["一", "二"] });
const run = (more = {}) => ({
  id: "r1",
  unit_id: "u",
  target: "customers",
  filename: "用户.xlsx",
  file_sha256: "00",
  state: "read",
  rows: 3,
  done: 0,
  counts: {},
  columns: [column("A", "编号"), column("B", "名字"), column("C", "东经")],
  sheet: "Sheet1",
  sheets: [],
  encoding: null,
  header_rows: [1],
  set_aside: [{ row: 9, why: "total", text: "合计" }],
  chosen: { number: "编号", longitude: "东经" },
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
  values: { address: "无名路3号" },
  reasons: [{ field: "address", code: "unknown_address", zh: "没有见过", en: "not known" }],
  proposed_cell_id: "c1",
  confidence: 0.62,
  is_settled: false,
  record_id: null,
  ...more,
});
const MAPPING = "PUT /api/v1/imports/r1/mapping";
const ROWS = "GET /api/v1/imports/r1/rows";

beforeEach(() => signedIn("admin"));
afterEach(() => {
  me.signed = null;
});

describe("the page", () => {
  const lists = { "GET /api/v1/imports/targets": [target], "GET /api/v1/units": rowsOf() };

  it("is for administrators", async () => {
    signedIn("dispatcher");
    const asked = house({});
    const { page } = await shown(Imports, { without: ["ElSelect"] });
    expect(page.find('[data-test="not-yours"]').exists()).toBe(true);
    expect(asked).toEqual([]);
  });

  it("sends a file and shows its columns", async () => {
    const asked = house({ ...lists, "GET /api/v1/imports": [], "POST /api/v1/imports": run() });
    const { page, router } = await shown(Imports, { without: ["ElSelect"] });
    const input = page.find('input[type="file"]');
    Object.defineProperty(input.element, "files", { value: [new File(["a,b"], "用户.csv")] });
    await input.trigger("change");
    await press(page, '[data-test="send"]');
    const [sent] = writes(asked);
    expect(new URLSearchParams(sent!.path.split("?")[1]).get("filename")).toBe("用户.csv");
    expect(page.find('[data-test="columns"]').text()).toContain("A · 编号");
    expect(router.currentRoute.value.query).toEqual({ run: "r1" });
  });

  it("says why a file cannot be read", async () => {
    house({ ...lists, "GET /api/v1/imports": [], "POST /api/v1/imports": refused(422, "table_kind") });
    const { page } = await shown(Imports, { without: ["ElSelect"] });
    const input = page.find('input[type="file"]');
    Object.defineProperty(input.element, "files", { value: [new File(["x"], "a.csv")] });
    await input.trigger("change");
    await press(page, '[data-test="send"]');
    expect(page.find('[data-test="file-problem"]').text()).toContain(whatOf("table_kind", "zh"));
  });

  it("opens the run that the address names, in both languages", async () => {
    house({ ...lists, "GET /api/v1/imports": [run({ state: "failed", problem: { code: "server_error" } })] });
    for (const [language, word] of [
      ["zh", "失败"],
      ["en", "Failed"],
    ] as const) {
      const { page } = await shown(Imports, { at: "/?run=r1", language, without: ["ElSelect"] });
      expect(page.find('[data-test="state"]').text()).toBe(word);
      expect(page.find('[data-test="failed"]').text()).toContain(whatOf("server_error", language));
    }
  });
});

describe("columns", () => {
  it("wait until all that is needed has one", async () => {
    const { page } = await shown(ImportColumns, { without: ["ElSelect"], props: { run: run(), target } });
    expect(page.find('[data-test="lacking"]').text()).toContain("户名");
    expect(page.find('[data-test="check"]').attributes("disabled")).toBeDefined();
    expect(page.text()).toContain("1 行是标题");
  });

  it("go with the answers to what is asked", async () => {
    const question = {
      name: "zeros:number",
      field: "number",
      zh: "补零吗？",
      en: "Zeros?",
      choices: [{ value: "fill", zh: "补 0", en: "Fill" }],
      likely: "fill",
      examples: ["12"],
      rows: 2,
    };
    const asked = house({ [MAPPING]: run({ state: "checking" }) });
    const given = run({
      chosen: { number: "编号", name: "名字", longitude: "东经" },
      answers: { datum: "gcj02" },
      questions: [question],
    });
    const { page } = await shown(ImportColumns, { without: ["ElSelect"], props: { run: given, target } });
    expect(page.find('[data-test="question"]').text()).toContain("补零吗？");
    await press(page, '[data-test="check"]');
    expect(writes(asked)[0]!.body).toEqual({
      columns: { number: "编号", name: "名字", longitude: "东经" },
      answers: { datum: "gcj02", "zeros:number": "fill" },
      clears_empty: false,
    });
    expect((page.emitted("kept")![0] as [{ state: string }])[0].state).toBe("checking");
  });
});

describe("a dry run", () => {
  const counts = { new: 2, to_settle: 1, refused: 1, gone: 4 };
  const bad = row(7, {
    verdict: "refused",
    reasons: [{ field: "name", code: "required", zh: "缺户名", en: "no name" }],
  });
  const answers = {
    [ROWS]: ({ path }: { path: string }) =>
      path.includes("refused") ? [bad] : path.includes("to_settle") ? [row(3)] : [],
    "GET /api/v1/cells": rowsOf({ id: "c1", name: "一号网格" }),
  };

  it("shows its counts, why rows are refused, and what is proposed", async () => {
    house(answers);
    const { page } = await shown(ImportResult, {
      without: ["ElSelect"],
      props: { run: run({ state: "checked", counts }) },
    });
    expect(page.find('[data-test="counts"]').text()).toContain("新增2");
    expect(page.find('[data-test="refused"]').text()).toContain("缺户名");
    expect(page.find('[data-test="waiting"]').text()).toContain("一号网格 62%");
    expect(page.find('[data-test="apply"]').text()).toBe("写入 2 行");
  });

  it("settles what waits, and applies", async () => {
    const asked = house({
      ...answers,
      "PUT /api/v1/imports/r1/settled": { settled: 1 },
      "PUT /api/v1/imports/r1/acceptance": run({ state: "applying" }),
    });
    const { page } = await shown(ImportResult, {
      without: ["ElSelect"],
      props: { run: run({ state: "checked", counts }) },
    });
    await press(page, '[data-test="proposed"]');
    await press(page, '[data-test="alone"]');
    await press(page, '[data-test="apply"]');
    await flushPromises();
    expect(writes(asked).map((one) => one.body)).toEqual([
      { way: "proposed", numbers: null, least_confidence: 0 },
      { way: "alone", numbers: null, least_confidence: 0 },
      null,
    ]);
    expect(page.emitted("kept")).toHaveLength(1);
  });

  it("shows how far the writing is", async () => {
    house({});
    const given = run({ state: "applying", counts: { new: 10 }, done: 4 });
    const { page } = await shown(ImportResult, { without: ["ElSelect"], props: { run: given } });
    expect(page.find('[role="progressbar"]').attributes("aria-valuenow")).toBe("40");
  });
});
