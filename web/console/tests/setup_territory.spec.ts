/** The map of the cells at the first setup: looked at first, sent with the rest, mended if refused. */
import { flushPromises } from "@vue/test-utils";
import { describe, expect, it } from "vitest";

import SetupTerritory from "../src/parts/SetupTerritory.vue";
import { broken, held, house, type Page, put, refused, shown, whatOf } from "./console_screen.ts";

const AT = "POST /api/v1/setup/territory";
const SEEN = {
  id: "p1",
  cells: 12,
  area_km2: 1234.5,
  codes: ["C1", "C2"],
  findings: [{ code: "overlap", zh: "有 2 处重叠", en: "2 overlaps", is_grave: true, count: 2 }],
};
const props = { token: "t", units: ["清河水务", "城东"] };
const map = (name = "cells.geojson") => new File(["{}"], name);
const pick = (page: Page, file = map()) => put(page.get("[name=map]"), file);
const last = (page: Page): unknown => page.getComponent(SetupTerritory).emitted("chosen")?.at(-1)?.[0];

describe("a map file", () => {
  it("is looked at, counted and handed on with whose cells they are", async () => {
    const asked = house({ [AT]: SEEN });
    const { page } = await shown(SetupTerritory, { props });
    expect(page.find("[name=datum]").exists()).toBe(false);
    await pick(page);
    expect(asked[0]!.path).toBe("/api/v1/setup/territory?filename=cells.geojson");
    expect(asked[0]!.headers.get("Authorization")).toBe("Bearer t");
    const said = page.get('[data-test="territory-seen"]').text();
    expect(said).toContain("12 个网格，共 1,234.5 平方公里");
    expect(said).toContain("C1、C2…");
    expect(said).toContain("有 2 处重叠");
    expect(page.get("[name=cells-of]").text()).toContain("默认：城东");
    expect(last(page)).toEqual({ plan_id: "p1", unit: "" });
    await page.get("[name=cells-of]").setValue("清河水务");
    expect(last(page)).toEqual({ plan_id: "p1", unit: "清河水务" });
    await page.setProps({ units: ["另一家"] });
    expect(last(page)).toEqual({ plan_id: "p1", unit: "" });
  });

  it("says in both languages where nothing is wrong", async () => {
    house({ [AT]: { ...SEEN, cells: 2, findings: [] } });
    const { page } = await shown(SetupTerritory, { props, language: "en" });
    await pick(page);
    const said = page.get('[data-test="territory-seen"]').text();
    expect(said).toContain("2 cells, 1,234.5 km²");
    expect(said).toContain("C1, C2");
    expect(said).toContain("Nothing to complain of");
  });

  it("that cannot be drawn says why, and is not handed on", async () => {
    const faults = [{ field: "", code: "x", zh: "没有面", en: "no areas" }];
    house({ [AT]: refused(422, "cannot_draw", { faults }) });
    const { page } = await shown(SetupTerritory, { props });
    await pick(page);
    const said = page.get('[data-test="territory-problem"]').text();
    expect(said).toContain(whatOf("cannot_draw", "zh"));
    expect(said).toContain("没有面");
    expect(last(page) ?? null).toBeNull();
    house({ [AT]: broken });
    await pick(page, map("other.kml"));
    expect(page.get('[data-test="territory-problem"]').text()).toBe("服务器没有回答，请稍后再试");
  });

  it("is looked at anew with other coordinates, and the last answer counts", async () => {
    const first = held({ ...SEEN, id: "late" });
    const answers: Record<string, unknown> = { [AT]: first.answer };
    const asked = house(answers);
    const { page } = await shown(SetupTerritory, { props });
    await pick(page);
    expect(page.text()).toContain("正在核对地图");
    answers[AT] = { ...SEEN, id: "now" };
    await page.get("[name=datum]").setValue("gcj02");
    await flushPromises();
    await first.go();
    expect(asked[1]!.path).toContain("datum=gcj02");
    expect(last(page)).toEqual({ plan_id: "now", unit: "" });
    await page.get("[name=crs]").setValue(" EPSG:4549 ");
    await flushPromises();
    expect(asked[2]!.path).toContain("crs=EPSG%3A4549");
  });
});
