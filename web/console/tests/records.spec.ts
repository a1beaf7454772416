/** The menu and the page of records: what the server has is there, in both languages. */
import { flushPromises } from "@vue/test-utils";
import { afterEach, describe, expect, it } from "vitest";

import { fieldNames, kindNames, kindWord, segmentOf } from "@wangge/shared/vocabulary/words.ts";

import { me } from "../src/api.ts";
import { en } from "../src/en/index.ts";
import { menu } from "../src/router.ts";
import Records from "../src/views/Records.vue";
import { zh } from "../src/zh/index.ts";
import { house, refused, shown, signedIn } from "./console_screen.ts";

const ID = "0193c0de-0000-7000-8000-000000000001";
const crew = (name: string, more = {}) => ({ id: ID, version: 1, name, leader_id: ID, phone: null, ...more });

afterEach(() => {
  me.signed = null;
});

describe("the menu", () => {
  it("has every page of the router, each with its word in both languages", () => {
    const first = ["board", "plan", "ground", "inbox", "customers", "visits", "people", "records"];
    expect(menu.filter((name) => first.includes(name))).toEqual(first);
    // A page named here lacks `<page>.menu` in that language.
    for (const [language, words] of Object.entries({ zh, en }))
      expect({ [language]: menu.filter((name) => !words[name]?.["menu"]) }).toEqual({ [language]: [] });
    expect(zh["plan"]!["menu"]).not.toBe(en["plan"]!["menu"]);
  });
});

describe("the kinds of records", () => {
  it("are all the server's, by their words, in the reader's order", async () => {
    signedIn("dispatcher");
    house({});
    for (const language of ["zh", "en"] as const) {
      const { page } = await shown(Records, { language, at: "/records?kind=crew" });
      const words = page.findAll("[data-test=kinds] a").map((one) => one.text());
      expect(words).toHaveLength(kindNames().length);
      expect([...words].sort((a, b) => a.localeCompare(b, language))).toEqual(words);
      expect(page.get("[aria-current=page]").text()).toBe(kindWord("crew", language));
    }
  });

  it("have addresses and fields that a person is shown", () => {
    expect(segmentOf("on_call")).toBe("on-call");
    expect(segmentOf("of_tomorrow")).toBe("of_tomorrow");
    expect(fieldNames("crew")).toContain("leader_id");
    expect(fieldNames("crew")).not.toContain("unit_id");
    expect(fieldNames("of_tomorrow")).toEqual([]);
  });
});

describe("records of a kind", () => {
  const at = "/records?kind=crew";

  it("show the columns that say something, and no ids", async () => {
    signedIn("dispatcher");
    house({ "GET /api/v1/crews": { rows: [crew("一班"), crew("二班", { vehicle: "鲁B" })], next: null } });
    const { page } = await shown(Records, { at });
    const heads = page.findAll("th").map((one) => one.text());
    expect(heads).toEqual(["名称", "车辆"]);
    expect(page.text()).toContain("二班");
    expect(page.text()).not.toContain(ID);
    expect(page.find("[data-test=more]").exists()).toBe(false);
  });

  it("come a page at a time", async () => {
    signedIn("dispatcher");
    const asked = house({
      "GET /api/v1/crews": ({ path }: { path: string }) =>
        path.includes("after=") ? { rows: [crew("二班")], next: null } : { rows: [crew("一班")], next: ID },
    });
    const { page } = await shown(Records, { at });
    await page.get("[data-test=more]").trigger("click");
    await flushPromises();
    expect(asked.map((one) => one.path)).toEqual([
      "/api/v1/crews?limit=100",
      `/api/v1/crews?limit=100&after=${ID}`,
    ]);
    expect([page.text().includes("一班"), page.text().includes("二班")]).toEqual([true, true]);
    expect(page.find("[data-test=more]").exists()).toBe(false);
  });

  it("that may not be read say so, and those of the next kind are read", async () => {
    signedIn("dispatcher");
    house({
      "GET /api/v1/crews": refused(403, "not_allowed"),
      "GET /api/v1/visits": { rows: [], next: null },
    });
    const { page, router } = await shown(Records, { at });
    expect(page.find(".el-alert").exists()).toBe(true);
    await router.push("/records?kind=visit");
    await flushPromises();
    expect(page.find(".el-alert").exists()).toBe(false);
    expect(page.text()).toContain("这里没有你能看的记录");
  });

  it("of a kind that was left meanwhile do not stand under the next", async () => {
    signedIn("dispatcher");
    let late: (answer: unknown) => void = () => undefined;
    house({
      "GET /api/v1/crews": () => new Promise((done) => (late = done)),
      "GET /api/v1/visits": { rows: [], next: null },
    });
    const { page, router } = await shown(Records, { at });
    await router.push("/records?kind=visit");
    await flushPromises();
    late({ rows: [crew("一班")], next: null });
    await flushPromises();
    expect(page.text()).not.toContain("一班");
  });

  it("of a kind nobody knows are those of the first", async () => {
    signedIn("dispatcher");
    house({});
    const { page } = await shown(Records, { at: "/records?kind=of_tomorrow", language: "en" });
    const first = page.findAll("[data-test=kinds] a")[0]!;
    expect(first.attributes("aria-current")).toBe("page");
  });
});
