/** A site survey: no report before everything is there, its sketch, and the draft in between. */
import "fake-indexeddb/auto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Values } from "@wangge/shared/sync/canonical.ts";
import type { Engine } from "@wangge/shared/sync/engine.ts";

import { readDraft } from "../src/session.ts";
import Survey from "../src/views/Survey.vue";
import { canvasThatDraws, stroke } from "./browser_edge.ts";
import { kept, openedBy, type Page, satellite, settled, shown, stand, toast } from "./phone_screen.ts";

let phone: Engine;
beforeEach(async () => {
  ({ phone } = await openedBy("representative"));
  await stand(phone, "customer", { id: "k1", name: "王小一" });
  canvasThatDraws();
  satellite([120.38, 36.07]);
});
afterEach(() => void vi.restoreAllMocks());

async function survey(more: Values = {}, language: "zh" | "en" = "zh") {
  const base = { id: "s1", customer_id: "k1", cell_id: "c1", state: "arrived", photo_ids: ["1", "2", "3"] };
  await stand(phone, "survey", { ...base, ...more });
  return shown(Survey, { id: "s1" }, language);
}
const FINDINGS = { material: "PE", diameter: "32", pressure: "280", distance: "12.5", plan: "从主管接出" };
async function fill(page: Page, found: Record<string, string> = FINDINGS): Promise<void> {
  for (const [name, text] of Object.entries(found)) await page.get(`[name=${name}]`).setValue(text);
  await settled(phone);
}
/** Press "report" and wait until it was refused or taken: it asks the phone where it is meanwhile. */
async function report(page: Page): Promise<void> {
  await page.get("[data-test=survey-report]").trigger("click");
  await vi.waitFor(() => expect(toast()).toBeTruthy());
  await settled(phone);
}

describe("before the survey", () => {
  it("one arrives first, and cannot report", async () => {
    const { page } = await survey({ state: "appointed", appointment_at: "2026-12-01T01:00:00Z" });
    expect(page.text()).toContain("12/1 09:00");
    expect(page.get("[data-test=survey-report]").attributes("disabled")).toBeDefined();
    await page.get("[data-test=survey-arrive]").trigger("click");
    await settled(phone);
    expect(kept(phone)).toMatchObject([{ kind: "survey", op: "act", action: "arrive" }]);
    expect(page.find("[data-test=survey-arrive]").exists()).toBe(false);
    expect(page.get("[data-test=survey-report]").attributes("disabled")).toBeUndefined();
  });
});

describe("a report", () => {
  it.each(Object.keys(FINDINGS))("without its %s does not go", async (name) => {
    const { page } = await survey();
    await fill(page, { ...FINDINGS, [name]: "" });
    await report(page);
    expect([toast(), kept(phone)]).toEqual(["须填全并有 3 张照片", []]);
  });

  it("without three photos does not go, in either language", async () => {
    const { page } = await survey({ photo_ids: ["1", "2"] }, "en");
    await fill(page);
    await report(page);
    expect(toast()).toMatch(/3/);
    expect(toast()).not.toMatch(/[一-鿿]/);
    expect(kept(phone)).toEqual([]);
  });

  it("holds numbers as numbers", async () => {
    const { page, router } = await survey();
    await fill(page);
    await report(page);
    const [step] = kept(phone, "survey");
    expect(step).toMatchObject({ op: "act", action: "report" });
    expect(step!.now).toEqual({
      findings: {
        is_feasible: true,
        pipe_material: "PE",
        plan: "从主管接出",
        diameter_mm: 32,
        pressure_kpa: 280,
        distance_to_main_m: 12.5,
      },
    });
    expect(router.currentRoute.value.path).toBe("/");
    expect(readDraft("survey/s1")).toBeNull();
  });

  it("says no where there can be no water", async () => {
    const { page } = await survey();
    await fill(page);
    await page.get(".van-switch").trigger("click");
    await report(page);
    expect((kept(phone, "survey")[0]!.now["findings"] as Values)["is_feasible"]).toBe(false);
  });

  it("carries a sketch where one was drawn, kept as a picture with its time and its place", async () => {
    const { page } = await survey();
    await fill(page);
    await stroke(page.get("canvas"));
    await report(page);
    const [photo] = kept(phone, "photo");
    expect(photo!.now).toMatchObject({
      of_kind: "survey",
      of_id: "s1",
      purpose: "sketch",
      media_type: "image/jpeg",
      cell_id: "c1",
      place: { coordinates: [120.38, 36.07] },
    });
    expect(photo!.now["taken_at"]).toMatch(/^\d{4}-/);
    expect(kept(phone, "survey")[0]!.now["sketch_id"]).toBe(photo!.record);
  });

  it("carries none where it was wiped away again", async () => {
    const { page } = await survey();
    await fill(page);
    await stroke(page.get("canvas"));
    await page
      .findAll("button")
      .find((one) => one.text() === "重写")!
      .trigger("click");
    await report(page);
    expect(kept(phone, "photo")).toEqual([]);
    expect(kept(phone, "survey")[0]!.now).not.toHaveProperty("sketch_id");
  });

  it("goes without its sketch where the browser cannot draw one", async () => {
    vi.restoreAllMocks();
    canvasThatDraws("");
    const { page } = await survey();
    await fill(page);
    await stroke(page.get("canvas"));
    await report(page);
    expect(kept(phone, "photo")).toEqual([]);
    expect(kept(phone, "survey")).toHaveLength(1);
  });
});

describe("a survey that was reported", () => {
  it("is only read", async () => {
    const { page } = await survey({ state: "reported" });
    for (const part of ["canvas", "[data-test=survey-report]", "[name=plan]", "[data-test=take-photo]"])
      expect(page.find(part).exists()).toBe(false);
    expect(page.text()).toContain("已出报告");
  });
});

describe("a half-filled survey", () => {
  it("goes on after the page has died", async () => {
    const first = await survey();
    await fill(first.page, { material: "PE", plan: "一半" });
    first.page.unmount();
    const { page } = await shown(Survey, { id: "s1" });
    expect(page.get<HTMLInputElement>("[name=material]").element.value).toBe("PE");
    expect(page.get<HTMLTextAreaElement>("[name=plan]").element.value).toBe("一半");
  });
});
