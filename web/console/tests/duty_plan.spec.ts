/** Who should serve which cell: a plan looked at as a difference, with somebody away, and handed over. */
import { flushPromises } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { me } from "../src/api.ts";
import DutyPlan from "../src/parts/DutyPlan.vue";
import {
  type Asked,
  broken,
  choose,
  held,
  house,
  type Page,
  press,
  refused,
  rowsOf,
  selectOf,
  shown,
  signedIn,
  tableOf,
  whatOf,
  writes,
} from "./console_screen.ts";

const PATH = "/api/v1/territory/units/u1/representatives";
const [WORK, HAND] = [`GET ${PATH}`, `PUT ${PATH}`];
const person = (id: string, name: string, more = {}) => ({
  id,
  name,
  post: "customer_representative",
  is_active: true,
  unit_id: "u1",
  ...more,
});
const STAFF = rowsOf(
  person("s1", "王芳"),
  person("s2", "李雷"),
  person("s3", "走了", { is_active: false }),
  person("s4", "修管", { post: "plumber" }),
  person("s5", "别处", { unit_id: "u2" }),
);
const duty = (cell: string, more = {}) => ({
  cell_id: cell,
  cell_name: `格${cell}`,
  staff_id: "s2",
  was_staff_id: "s1",
  is_change: true,
  is_voluntary: false,
  ...more,
});
const planOf = (...rows: { is_change: boolean }[]) => ({
  rows,
  workloads: [],
  figures: {
    changes: rows.filter((one) => one.is_change).length,
    voluntary_changes: 1,
    load_max_to_mean: 1.2,
  },
});
const same = duty("0", { is_change: false, staff_id: "s1" });
const two = planOf(same, duty("1"), duty("2", { is_voluntary: true, was_staff_id: null }));

beforeEach(() => signedIn("supervisor"));
afterEach(() => (me.signed = null));

async function dialog(answers: Parameters<typeof house>[0] = {}, language: "zh" | "en" = "zh") {
  const asked = house({ "GET /api/v1/staff": STAFF, [WORK]: two, ...answers });
  const props = { unit: "u1", modelValue: false };
  const { page } = await shown(DutyPlan, { props, language, without: ["ElSelect"] });
  await open(page);
  return { asked, page };
}
async function open(page: Page, more: object = {}): Promise<void> {
  await page.setProps({ modelValue: true, ...more } as never);
  await flushPromises();
}
const shut = (page: Page) => page.setProps({ modelValue: false } as never);
const changes = (page: Page): string[][] =>
  tableOf(page, "[data-test=duty-changes]").map((row) => row.slice(1));
async function tick(page: Page, n: number): Promise<void> {
  await page.findAll("[data-test=duty-changes] tbody input[type=checkbox]")[n]!.setValue(true);
  await flushPromises();
}
const hand = (page: Page) => press(page, "[data-test=hand-over]");
const isOpen = (page: Page): unknown => page.emitted("update:modelValue")?.at(-1)?.[0] ?? true;
const wrong = (page: Page): string => (page.find(".el-alert").exists() ? page.get(".el-alert").text() : "");

describe("a plan", () => {
  it("is worked out when the dialog opens, for its unit, with everybody there", async () => {
    const { asked } = await dialog();
    expect(asked.map((one) => `${one.method} ${one.path}`)).toEqual(["GET /api/v1/staff?limit=500", WORK]);
  });

  it.each([
    ["zh", ["必须改", "为均衡而改"], "改动 2 个网格（其中 1 个为均衡），负荷最大/平均 1.2"],
    ["en", ["needed", "for balance"], "2 cells change (1 of them for balance), heaviest to mean load 1.2"],
  ] as const)("shows in %s only what would change, from whom to whom and why", async (...given) => {
    const [language, [needed, balance], figures] = given;
    const { page } = await dialog({}, language);
    const rows = changes(page);
    expect(rows.map((row) => row.slice(0, 3))).toEqual([
      ["格1", "王芳", "李雷"],
      ["格2", "—", "李雷"],
    ]);
    expect(rows.map((row) => row[3]!.toLowerCase())).toEqual(
      [needed, balance].map((one) => one.toLowerCase()),
    );
    expect(page.get("[data-test=duty-figures]").text()).toContain(figures);
  });

  it("without changes says so, and there is nothing to hand over", async () => {
    const { asked, page } = await dialog({ [WORK]: planOf(same) });
    expect(page.get("[data-test=duty-figures]").text()).toBe("不需要改动");
    expect(page.find("[data-test=duty-changes]").exists()).toBe(false);
    await hand(page);
    expect(writes(asked)).toHaveLength(0);
  });

  it("may be without representatives of this unit who are at work, and only those", async () => {
    const { page } = await dialog();
    const offered = selectOf(page, "不在的代表").vm.$slots as { default?: () => { children: unknown }[] };
    const options = offered.default!().flatMap((one) => one.children as { props: { label: string } }[]);
    expect(options.map((one) => one.props.label)).toEqual(["王芳", "李雷"]);
  });

  it("is worked out with somebody away, and changes nothing", async () => {
    const { asked, page } = await dialog();
    await choose(page, "不在的代表", ["s1", "s2"]);
    await press(page, "[data-test=work-out]");
    expect(asked.at(-1)!.path).toBe(`${PATH}?absent=s1&absent=s2`);
    expect(writes(asked)).toHaveLength(0);
  });

  it.each([
    ["zh", refused(403, "not_allowed"), whatOf("not_allowed", "zh")],
    ["en", refused(404, "not_found"), whatOf("not_found", "en")],
    ["en", broken, "The server does not answer; try again"],
  ] as const)("that cannot be worked out says why in %s, until it can", async (language, answer, words) => {
    let isBroken = true;
    const { page } = await dialog(
      { [WORK]: () => (isBroken ? (typeof answer === "function" ? answer() : answer) : two) },
      language,
    );
    expect(wrong(page)).toContain(words);
    isBroken = false;
    await press(page, "[data-test=work-out]");
    expect([wrong(page), changes(page).length]).toEqual(["", 2]);
  });

  it("is there although nobody's name can be read", async () => {
    const { page } = await dialog({ "GET /api/v1/staff": refused(403, "not_allowed") });
    expect(changes(page)[0]!.slice(0, 3)).toEqual(["格1", "—", "—"]);
  });

  it("asked for twice in a hurry is worked out once", async () => {
    let late: ReturnType<typeof held> | null = null;
    const { asked, page } = await dialog({ [WORK]: () => late?.answer() ?? two });
    late = held(two);
    await press(page, "[data-test=work-out]");
    await press(page, "[data-test=work-out]");
    await late.go();
    expect(asked.filter((one) => one.path === PATH)).toHaveLength(2);
  });

  it("of a unit that was left meanwhile does not stand under the next", async () => {
    const late = held(planOf(duty("9")));
    const { page } = await dialog({
      [WORK]: late.answer,
      "GET /api/v1/territory/units/u2/representatives": planOf(duty("7")),
    });
    await shut(page);
    await open(page, { unit: "u2" });
    await late.go();
    expect(changes(page).map((row) => row[0])).toEqual(["格7"]);
  });
});

describe("what was chosen of a plan", () => {
  it("is handed over, and nothing else", async () => {
    const { asked, page } = await dialog({ [HAND]: {} });
    await hand(page);
    expect(writes(asked)).toHaveLength(0);
    await tick(page, 1);
    expect(page.get("[data-test=hand-over]").text()).toBe("交接所选 1 个");
    await hand(page);
    expect(writes(asked).map((one) => [one.method, one.path, one.body])).toEqual([
      ["PUT", PATH, { rows: [{ cell_id: "2", staff_id: "s2" }] }],
    ]);
    expect([isOpen(page), page.emitted("done")?.length]).toEqual([false, 1]);
  });

  it("is handed over once, however often that is pressed", async () => {
    const late = held({});
    const { asked, page } = await dialog({ [HAND]: late.answer });
    await tick(page, 0);
    await hand(page);
    await hand(page);
    await late.go();
    expect(writes(asked)).toHaveLength(1);
  });

  it.each(["zh", "en"] as const)("and refused says why in %s, stays chosen and open", async (language) => {
    const answers = { [HAND]: refused(409, "changed_meanwhile") };
    const { asked, page } = await dialog(answers, language);
    await tick(page, 0);
    await hand(page);
    expect(wrong(page)).toContain(whatOf("changed_meanwhile", language));
    expect([isOpen(page), page.emitted("done")]).toEqual([true, undefined]);
    await hand(page);
    expect(writes(asked).map((one) => one.body)).toEqual(
      Array(2).fill({ rows: [{ cell_id: "1", staff_id: "s2" }] }),
    );
  });

  it("is not handed over with the next plan, worked out with others away", async () => {
    const isAway = (one: Asked) => one.path.includes("absent=");
    const { asked, page } = await dialog({
      [WORK]: (one: Asked) => (isAway(one) ? planOf(same) : two),
      [HAND]: {},
    });
    await tick(page, 0);
    await choose(page, "不在的代表", ["s2"]);
    await press(page, "[data-test=work-out]");
    await hand(page);
    expect(writes(asked)).toHaveLength(0);
  });

  it("is not handed over when the dialog is opened again", async () => {
    const { asked, page } = await dialog({ [HAND]: {} });
    await tick(page, 0);
    await shut(page);
    await open(page);
    await hand(page);
    expect(writes(asked)).toHaveLength(0);
    expect(page.get("[data-test=hand-over]").text()).toBe("交接所选 0 个");
  });
});
