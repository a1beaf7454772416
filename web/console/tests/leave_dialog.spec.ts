/** Somebody is away: who stands in for each of their cells, from a day until a day. */
import { ElSelect } from "element-plus";
import { flushPromises } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { me } from "../src/api.ts";
import { type Cell, cells } from "../src/live.ts";
import LeaveDialog from "../src/parts/LeaveDialog.vue";
import {
  broken,
  held,
  house,
  overheard,
  type Page,
  press,
  refused,
  rowsOf,
  shown,
  signedIn,
  whatOf,
  writes,
} from "./console_screen.ts";

const LEAVE = "POST /api/v1/territory/staff/s1/leave";
const person = (id: string, more = {}) => ({
  id,
  name: `员工${id}`,
  post: "customer_representative",
  is_active: true,
  ...more,
});
const serves = (cell: string, until: string | null = null) => ({ cell_id: cell, valid_until: until });
const staff = [
  person("s1"),
  person("s2"),
  person("s3"),
  person("s4", { is_active: false }),
  person("s5", { post: "plumber" }),
];

beforeEach(() => {
  signedIn("supervisor");
  cells.value = [{ id: "c1", name: "大港一格" } as Cell];
});
afterEach(() => {
  me.signed = null;
  cells.value = [];
});

async function dialog(answers: Parameters<typeof house>[0] = {}, language: "zh" | "en" = "zh") {
  const said = overheard();
  const asked = house({
    "GET /api/v1/cell-assignments": rowsOf(serves("c1"), serves("c2"), serves("c3", "2020-01-01")),
    ...answers,
  });
  const without = ["ElSelect", "ElDatePicker"];
  const { page } = await shown(LeaveDialog, { props: { person: null, staff }, language, without });
  await page.setProps({ person: staff[0] } as never);
  await flushPromises();
  return { said, asked, page };
}
const selects = (page: Page) => page.findAllComponents(ElSelect);
async function standIn(page: Page, n: number, who: string): Promise<void> {
  selects(page)[n]!.vm.$emit("change", who);
  await flushPromises();
}
const isOff = (page: Page): boolean => page.get("[data-test=keep-leave]").attributes("disabled") === "";

describe("somebody's leave", () => {
  it("asks which cells they serve today, and names those it knows", async () => {
    const { asked, page } = await dialog();
    expect(asked[0]!.path).toContain("staff_id=s1&duty=representative");
    expect(page.findAll("p span").map((one) => one.text())).toEqual(["大港一格", "c2"]);
  });

  it("cannot be kept before every cell has somebody", async () => {
    const { page } = await dialog();
    expect(isOff(page)).toBe(true);
    await standIn(page, 0, "s2");
    expect(isOff(page)).toBe(false);
  });

  it("has the first that was chosen everywhere, until another is chosen for a cell", async () => {
    const { page } = await dialog();
    await standIn(page, 0, "s2");
    expect(selects(page).map((one) => one.props("modelValue"))).toEqual(["s2", "s2"]);
    await standIn(page, 1, "s3");
    expect(selects(page).map((one) => one.props("modelValue"))).toEqual(["s2", "s3"]);
  });

  it("is sent with its days and who stands in where, and closed", async () => {
    const { asked, said, page } = await dialog({ [LEAVE]: {} });
    await standIn(page, 0, "s2");
    await standIn(page, 1, "s3");
    await press(page, "[data-test=keep-leave]");
    expect(writes(asked)[0]!.body).toMatchObject({
      stand_ins: [
        { cell_id: "c1", staff_id: "s2" },
        { cell_id: "c2", staff_id: "s3" },
      ],
    });
    expect((writes(asked)[0]!.body as { valid_from: string }).valid_from).toMatch(/^\d{4}-\d\d-\d\d$/);
    expect([said.success, page.emitted("close")?.length]).toEqual([["已完成"], 1]);
  });

  it("is sent once, however often one presses meanwhile", async () => {
    const late = held({});
    const { asked, page } = await dialog({ [LEAVE]: late.answer });
    await standIn(page, 0, "s2");
    await press(page, "[data-test=keep-leave]");
    await press(page, "[data-test=keep-leave]");
    await late.go();
    expect(writes(asked)).toHaveLength(1);
  });

  it.each([
    ["zh", refused(409, "not_allowed"), whatOf("not_allowed", "zh")],
    ["en", refused(409, "not_allowed"), whatOf("not_allowed", "en")],
    ["en", broken, "The server does not answer; try again"],
  ] as const)(
    "that is refused says why in %s, and keeps what was chosen",
    async (language, answer, words) => {
      const { said, page } = await dialog({ [LEAVE]: answer }, language);
      await standIn(page, 0, "s2");
      await press(page, "[data-test=keep-leave]");
      expect(said.error.join()).toContain(words);
      expect(page.emitted("close")).toBeUndefined();
      expect(selects(page)[0]!.props("modelValue")).toBe("s2");
    },
  );

  it("of whoever serves no cell, or whose cells do not come, has nothing to keep", async () => {
    expect(isOff((await dialog({ "GET /api/v1/cell-assignments": rowsOf() })).page)).toBe(true);
    expect(isOff((await dialog({ "GET /api/v1/cell-assignments": broken })).page)).toBe(true);
  });
});
