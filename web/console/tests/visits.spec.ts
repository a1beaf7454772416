/** Visits that are late, complaints that are open, and visits that raise questions. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { me } from "../src/api.ts";
import { type Cell, cells } from "../src/live.ts";
import Visits from "../src/views/Visits.vue";
import {
  type Asked,
  broken,
  house,
  press,
  refused,
  rowsOf,
  shown,
  signedIn,
  tableOf,
} from "./console_screen.ts";

const OVERDUE = "GET /api/v1/territory/visits/overdue";
const late = (n: number, more = {}) => ({
  id: `v${n}`,
  customer_id: `c${n}`,
  customer_name: `客户${n}`,
  representative_name: "王芳",
  cell_name: "武侯一格",
  due_on: "2026-11-30",
  about: null,
  work_order_id: null,
  ...more,
});
const item = {
  id: "i",
  state: "open",
  theme: "pressure",
  description: "水压低",
  owner_id: "s1",
  due_on: "2026-12-24",
};
const doubtful = {
  id: "v9",
  customer_id: "c9",
  truth_grade: "doubtful",
  truth_reasons: [
    { zh: "离得太远", en: "too far away" },
    { zh: "太快", en: "too quick" },
  ],
  representative_id: "s1",
  cell_id: "cell",
  ended_at: "2026-12-01T01:05:00Z",
};

beforeEach(() => {
  signedIn("supervisor");
  cells.value = [{ id: "cell", name: "大港一格" } as Cell];
});
afterEach(() => {
  me.signed = null;
  cells.value = [];
});

async function visits(answers: Parameters<typeof house>[0] = {}, language: "zh" | "en" = "zh") {
  const asked = house({
    [OVERDUE]: ({ path }: Asked) =>
      path.includes("which=returns") ? [late(2, { about: "W-1" })] : [late(1)],
    "GET /api/v1/items": ({ path }: Asked) => (path.includes("state=open") ? rowsOf(item) : rowsOf()),
    "GET /api/v1/visits": ({ path }: Asked) => (path.includes("doubtful") ? rowsOf(doubtful) : rowsOf()),
    "GET /api/v1/staff": rowsOf({ id: "s1", name: "王芳" }),
    ...answers,
  });
  const { page, router } = await shown(Visits, { language });
  return { asked, page, router };
}

describe("the page of visits", () => {
  it.each([
    ["zh", ["逾期走访 1", "回访 1", "诉求 1"]],
    ["en", ["Overdue visits 1", "Return visits 1", "Complaints 1", "Questions 1", "Call-backs by lot"]],
  ] as const)("counts on its tabs in %s", async (language, words) => {
    const { page } = await visits({}, language);
    const tabs = page.findAll("[role=tab]").map((one) => one.text());
    expect(tabs).toHaveLength(5);
    expect(tabs[0]).toMatch(/ 1$/);
    if (language === "en") expect(tabs).toEqual(words);
  });

  it("says who is late with whom, since when, in which city's cell", async () => {
    const { page } = await visits();
    expect(tableOf(page, "[data-test=overdue]")[0]!.slice(0, 4)).toEqual([
      "2026-11-30",
      "客户1",
      "王芳",
      "武侯一格",
    ]);
  });

  it("shows every one of hundreds", async () => {
    const many = Array.from({ length: 120 }, (_, n) => late(n));
    const { page } = await visits({ [OVERDUE]: many });
    expect(tableOf(page, "[data-test=overdue]")).toHaveLength(120);
  });

  it.each([
    ["may not be seen", refused(403, "not_allowed")],
    ["do not come", broken],
  ])("is empty where visits %s, and the rest is there", async (_, answer) => {
    const { page } = await visits({ [OVERDUE]: answer });
    expect(tableOf(page, "[data-test=overdue]")).toHaveLength(0);
    expect(tableOf(page, "[data-test=items]")).toHaveLength(1);
  });

  it("leads to the customer of a row", async () => {
    const { page, router } = await visits();
    await press(page, "[data-test=overdue] tbody tr");
    expect(router.currentRoute.value.fullPath).toBe("/customers?customer=c1");
  });

  it.each([
    ["zh", "离得太远；太快"],
    ["en", "too far away；too quick"],
  ] as const)("says in %s why a visit raises questions, and in which cell", async (language, why) => {
    const { page } = await visits({}, language);
    const [row] = tableOf(page, "[data-test=asked]");
    expect(row!.slice(1, 4)).toEqual([why, "王芳", "大港一格"]);
  });

  it("names who a complaint belongs to, and opens it at a touch", async () => {
    const { page } = await visits({
      "GET /api/v1/items/i": item,
      "GET /api/v1/items/i/history": [],
    });
    expect(tableOf(page, "[data-test=items]")[0]!.slice(2)).toEqual(["水压低", "王芳", "2026-12-24"]);
    expect(page.get("[data-test=items] thead").text()).toContain("整改期限");
    await press(page, "[data-test=items] tbody tr");
    expect(page.get("[data-test=item]").text()).toContain("水压低");
  });
});

describe("moving a due day", () => {
  it("is offered to supervisors on each late visit, without leaving the page", async () => {
    const { page, router } = await visits();
    await press(page, "[data-test=move-visit]");
    expect(page.find("[name=due-reason]").exists()).toBe(true);
    expect(router.currentRoute.value.path).toBe("/");
  });

  it.each(["dispatcher", "hotline_agent", "auditor"])("is not offered to a %s", async (role) => {
    signedIn(role);
    const { page } = await visits();
    expect(page.find("[data-test=move-visit]").exists()).toBe(false);
  });
});
