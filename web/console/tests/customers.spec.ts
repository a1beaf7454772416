/** Customers: found while one types, and everything about the one that is chosen. */
import { flushPromises } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { me } from "../src/api.ts";
import Customers from "../src/views/Customers.vue";
import {
  type Asked,
  broken,
  held,
  house,
  type Page,
  refused,
  rowsOf,
  shown,
  signedIn,
  tableOf,
} from "./console_screen.ts";

const FIND = "GET /api/v1/territory/customers";
const customer = (id: string, name: string, more = {}) => ({
  id,
  name,
  number: `K-${id}`,
  category: "household",
  ...more,
});

beforeEach(() => signedIn("hotline_agent"));
afterEach(() => {
  me.signed = null;
  vi.useRealTimers();
});

async function customers(
  answers: Parameters<typeof house>[0],
  at = "/customers",
  language: "zh" | "en" = "zh",
) {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const asked = house(answers);
  const { page, router } = await shown(Customers, { at, language });
  return { asked, page, router };
}
async function type(page: Page, words: string): Promise<void> {
  await page.get("[name=find]").setValue(words);
  vi.advanceTimersByTime(300);
  await flushPromises();
}
const found = (page: Page): (string | undefined)[] => tableOf(page, "[data-test=found]").map((row) => row[0]);
const searches = (asked: Asked[]): Asked[] =>
  asked.filter((one) => one.path.includes("/territory/customers"));

describe("finding a customer", () => {
  it("asks once one stops typing, and keeps the words in the address", async () => {
    const { asked, page, router } = await customers({ [FIND]: [customer("1", "张三")] });
    await page.get("[name=find]").setValue("张");
    await page.get("[name=find]").setValue("张三");
    await type(page, "张三丰");
    expect(searches(asked).map((one) => decodeURIComponent(one.path))).toEqual([
      "/api/v1/territory/customers?words=张三丰",
    ]);
    expect(found(page)).toEqual(["张三"]);
    expect(router.currentRoute.value.query).toEqual({ q: "张三丰" });
  });

  it("begins with the words of the address", async () => {
    const { asked } = await customers({ [FIND]: [] }, "/customers?q=harbour");
    vi.advanceTimersByTime(300);
    await flushPromises();
    expect(searches(asked)).toHaveLength(1);
  });

  it("asks nothing for less than two characters, and shows nobody then", async () => {
    const { asked, page } = await customers({ [FIND]: [customer("1", "张三")] });
    await type(page, "张三");
    await type(page, "张");
    expect(searches(asked)).toHaveLength(1);
    expect(found(page)).toEqual([]);
  });

  it("shows every one of hundreds", async () => {
    const many = Array.from({ length: 120 }, (_, n) => customer(String(n), `客户${n}`));
    const { page } = await customers({ [FIND]: many });
    await type(page, "客户");
    expect(found(page)).toHaveLength(120);
  });

  it.each([
    ["that may not be made", refused(403, "not_allowed")],
    ["whose line breaks", broken],
  ])("by a search %s shows nobody", async (_, answer) => {
    const { page } = await customers({ [FIND]: answer });
    await type(page, "张三");
    expect(found(page)).toEqual([]);
  });

  it("is not answered by what was typed before", async () => {
    const late = held([customer("1", "慢")]);
    const { page } = await customers({
      [FIND]: ({ path }: Asked) => (path.includes("first") ? late.answer() : [customer("2", "快")]),
    });
    await type(page, "first");
    await type(page, "second");
    await late.go();
    expect(found(page)).toEqual(["快"]);
  });
});

describe("a customer", () => {
  const WHOLE = {
    "GET /api/v1/customers/1": customer("1", "古丽", { note: "乌鲁木齐市中山路 3 号", unit_id: "hidden" }),
    "GET /api/v1/visits": rowsOf(
      { id: "v1", ended_at: "2026-12-01T01:05:00Z", summary: "看过水表" },
      { id: "v2", absent_reason: "不在家" },
    ),
    "GET /api/v1/work-orders": rowsOf({ id: "j", number: "W-1" }),
  };
  const at = "/customers?customer=1";

  it("is chosen from what was found, by the address", async () => {
    const { page, router } = await customers({ ...WHOLE, [FIND]: [customer("1", "古丽")] });
    await type(page, "古丽");
    await page.get("[data-test=found] tbody tr").trigger("click");
    await flushPromises();
    expect(router.currentRoute.value.query["customer"]).toBe("1");
    expect(page.get("[data-test=customer] h1").text()).toBe("古丽");
  });

  it("is shown with what is known, and no ids", async () => {
    const { page } = await customers(WHOLE, at);
    expect(page.get("[data-test=customer]").text()).toContain("乌鲁木齐市中山路 3 号");
    expect(page.get("[data-test=customer]").text()).not.toContain("hidden");
  });

  it("brings their visits, jobs, items, answers and points, each counted", async () => {
    const { asked, page } = await customers(WHOLE, at, "en");
    const tabs = page.findAll("[role=tab]").map((one) => one.text());
    expect(tabs).toEqual(["Jobs 1", "Visits 2", "Complaints 0", "Answers 0", "Service points 0", "History"]);
    expect(asked.filter((one) => one.path.includes("customer_id=1&limit=200"))).toHaveLength(5);
    expect(page.text()).toContain("01/12, 09:05");
    expect(page.text()).toContain("不在家");
  });

  it.each([
    ["may not be seen", refused(403, "not_allowed")],
    ["does not come", broken],
  ])("that %s is not shown", async (_, answer) => {
    const { page } = await customers({ ...WHOLE, "GET /api/v1/customers/1": answer }, at);
    expect(page.find("[data-test=customer]").exists()).toBe(false);
  });

  it("is shown without what did not come of them", async () => {
    const { page } = await customers({ ...WHOLE, "GET /api/v1/visits": broken }, at, "en");
    expect(page.findAll("[role=tab]").map((one) => one.text())).toContain("Visits 0");
    expect(page.get("[data-test=customer] h1").text()).toBe("古丽");
  });

  it("that was left meanwhile does not stand where the next is", async () => {
    const late = held(customer("1", "慢"));
    const { page, router } = await customers(
      { "GET /api/v1/customers/1": late.answer, "GET /api/v1/customers/2": customer("2", "快") },
      at,
    );
    await router.push("/customers?customer=2");
    await flushPromises();
    await late.go();
    expect(page.get("[data-test=customer] h1").text()).toBe("快");
  });
});
