/** Layers out of the house: as files, and by a personal token that is shown once. */
import { flushPromises } from "@vue/test-utils";
import { ElDialog } from "element-plus";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import MapAccess from "../src/parts/MapAccess.vue";
import {
  broken,
  choose,
  held,
  house,
  press,
  refused,
  shown,
  signedIn,
  tableOf,
  whatOf,
  writes,
} from "./console_screen.ts";

const TOKENS = "GET /api/v1/tokens";
const MAKE = "POST /api/v1/tokens";
const token = (id: string, label = "QGIS") => ({ id, label, days: 365, expires_at: "2027-12-01T01:05:00Z" });
const saved: { href: string; download: string }[] = [];

beforeEach(() => {
  signedIn("dispatcher");
  saved.length = 0;
  vi.spyOn(URL, "createObjectURL").mockReturnValue("blob:1");
  vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) {
    saved.push({ href: this.href, download: this.download });
  });
});
afterEach(() => vi.restoreAllMocks());

async function dialog(answers: Parameters<typeof house>[0], language: "zh" | "en" = "zh") {
  const asked = house({ [TOKENS]: [], ...answers });
  const { page } = await shown(MapAccess, { language, without: ["ElSelect"] });
  expect(asked).toHaveLength(0);
  await press(page, "[data-test=map-access]");
  return { asked, page };
}

describe("personal tokens", () => {
  it("are listed when the dialog opens, with their end by the city's clock", async () => {
    const { page } = await dialog({ [TOKENS]: [token("1"), token("2", "Büro <b>")] });
    expect(tableOf(page, "[data-test=tokens]").map((row) => row.slice(0, 2))).toEqual([
      ["QGIS", "12/1 09:05"],
      ["Büro <b>", "12/1 09:05"],
    ]);
    expect(page.get("[data-test=ogc-address]").text()).toBe(`${location.origin}/api/v1/ogc/`);
  });

  it("are all there where there are hundreds", async () => {
    const many = Array.from({ length: 120 }, (_, n) => token(String(n), `第${n}`));
    const { page } = await dialog({ [TOKENS]: many });
    expect(tableOf(page, "[data-test=tokens]")).toHaveLength(120);
  });

  it("are made by a name, and shown until the dialog is opened again", async () => {
    const { asked, page } = await dialog({ [MAKE]: { ...token("1"), token: "s3cret" } });
    await page.get("[name=label]").setValue("我的电脑");
    await page.get("form").trigger("submit");
    await vi.waitFor(() => expect(page.get("[data-test=new-token]").text()).toContain("s3cret"), 20_000);
    await flushPromises();
    expect(writes(asked)[0]!.body).toEqual({ label: "我的电脑", days: 365 });
    expect(asked.at(-1)).toMatchObject({ method: "GET", path: "/api/v1/tokens" });
    // Its end, which an animation would tell.
    page.getComponent(ElDialog).vm.$emit("update:modelValue", false);
    await flushPromises();
    await press(page, "[data-test=map-access]");
    expect(page.find("[data-test=new-token]").exists()).toBe(false);
  });

  it("are made once, however often one asks meanwhile", async () => {
    const late = held({ ...token("1"), token: "s3cret" });
    const { asked, page } = await dialog({ [MAKE]: late.answer });
    await page.get("form").trigger("submit");
    await page.get("form").trigger("submit");
    expect(page.get("[data-test=make-token]").attributes("disabled")).toBe("");
    await late.go();
    expect(writes(asked)).toHaveLength(1);
  });

  it("want a name", async () => {
    const { page } = await dialog({});
    await page.get("[name=label]").setValue("   ");
    expect(page.get("[data-test=make-token]").attributes("disabled")).toBe("");
  });

  it("end at a touch, and the list is read again", async () => {
    let isThere = true;
    const { asked, page } = await dialog({
      [TOKENS]: () => (isThere ? [token("1")] : []),
      "DELETE /api/v1/tokens/1": () => {
        isThere = false;
        return {};
      },
    });
    await press(page, "[data-test=end-token]");
    expect(writes(asked).map((one) => one.path)).toEqual(["/api/v1/tokens/1"]);
    expect(tableOf(page, "[data-test=tokens]")).toHaveLength(0);
  });

  it.each([
    ["zh", refused(403, "not_allowed"), whatOf("not_allowed", "zh")],
    ["en", refused(403, "not_allowed"), whatOf("not_allowed", "en")],
    ["en", broken, "The server does not answer; try again"],
  ] as const)("that cannot be made say why in %s, and show no secret", async (language, answer, words) => {
    const { page } = await dialog({ [MAKE]: answer }, language);
    await page.get("form").trigger("submit");
    await vi.waitFor(() => expect(page.get(".el-alert--error").text()).toContain(words), 20_000);
    expect(page.find("[data-test=new-token]").exists()).toBe(false);
  });

  it("that was made is shown though the list could not be read after it", async () => {
    let isBroken = false;
    const { page } = await dialog({
      [TOKENS]: () => (isBroken ? broken() : []),
      [MAKE]: () => {
        isBroken = true;
        return { ...token("1"), token: "s3cret" };
      },
    });
    await page.get("form").trigger("submit");
    await vi.waitFor(() => expect(page.find(".el-alert--error").exists()).toBe(true), 20_000);
    expect(page.get("[data-test=new-token]").text()).toContain("s3cret");
  });
});

describe("a layer as a file", () => {
  it.each([
    ["cells", "gpkg", "cells.gpkg"],
    ["jobs", "shp", "jobs.zip"],
    ["customers", "kmz", "customers.kmz"],
  ])("of %s as %s is saved as %s", async (layer, format, name) => {
    const { asked, page } = await dialog(
      { [`GET /api/v1/maps/${layer}/export`]: new Response("bytes") },
      "en",
    );
    await choose(page, "Layer", layer);
    await choose(page, "Format", format);
    await press(page, "[data-test=export]");
    await vi.waitFor(() => expect(saved.map((one) => one.download)).toEqual([name]), 20_000);
    expect(asked.some((one) => one.path === `/api/v1/maps/${layer}/export?format=${format}`)).toBe(true);
  });

  it("that may not be had says why, and saves nothing", async () => {
    const { page } = await dialog({ "GET /api/v1/maps/cells/export": refused(403, "not_allowed") }, "en");
    await press(page, "[data-test=export]");
    await vi.waitFor(
      () => expect(page.get(".el-alert--error").text()).toContain(whatOf("not_allowed", "en")),
      20_000,
    );
    expect(saved).toHaveLength(0);
  });
});
