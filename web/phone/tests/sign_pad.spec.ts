/** The sheet and the pad: who signs, for whom, with which strokes; a deputy with a reason and a paper. */
import "fake-indexeddb/auto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Values } from "@wangge/shared/sync/canonical.ts";

import SignPad, { type Signed } from "../src/parts/SignPad.vue";
import { canvasThatDraws, stroke } from "./browser_edge.ts";
import { openedBy, type Page, shown, toast } from "./phone_screen.ts";

const SHEET: Values = { number: "W-1", result: "换了阀门", told_cost_fen: 4550, photos: ["h1", "h2"] };
beforeEach(async () => {
  await openedBy("crew_leader");
  canvasThatDraws();
});
afterEach(() => void vi.restoreAllMocks());

async function pad(language: "zh" | "en" = "zh"): Promise<Page> {
  const of = { kind: "work_order", id: "j1" };
  const { page } = await shown(SignPad, { sheet: SHEET, of, modelValue: false }, language);
  await page.setProps({ modelValue: true } as never);
  await vi.waitFor(() => expect(page.find("[data-test=signature]").exists()).toBe(true), 20_000);
  await page.setProps({ sheet: SHEET } as never);
  return page;
}
const confirm = (page: Page): Promise<void> => page.get("[data-test=sign-confirm]").trigger("click");
const signed = (page: Page): Signed[] => ((page.emitted("signed") ?? []) as [Signed][]).map(([one]) => one);
async function choose(page: Page, text: string): Promise<void> {
  await page.get("[name=relation]").trigger("click");
  await vi.waitFor(() => expect(page.find(".van-picker").exists()).toBe(true), 20_000);
  await page
    .findAll(".van-picker-column__item")
    .find((one) => one.text() === text)!
    .trigger("click");
  await page.get(".van-picker__confirm").trigger("click");
}

describe("what is signed", () => {
  it("stands over the pad, with how many photos it holds", async () => {
    const page = await pad();
    const lines = page.findAll("dd").map((one) => one.text());
    expect(lines).toContain("换了阀门");
    expect(lines).toContain("¥45.50");
    expect(lines.at(-1)).toBe("2");
    expect(page.text()).toContain("以下内容我已看过并确认。");
  });

  it("is in English for who reads English", async () => {
    const page = await pad("en");
    expect(page.findAll("dd").map((one) => one.text())).toContain("CN¥45.50");
  });
});

describe("a signature", () => {
  it("needs strokes and a name", async () => {
    const page = await pad();
    await confirm(page);
    expect(toast()).toBe("请先签名");
    await page.get("[name=signer]").setValue("王小一");
    await confirm(page);
    expect(signed(page)).toEqual([]);
    await stroke(page.get("canvas"));
    await page.get("[name=signer]").setValue("  ");
    await confirm(page);
    expect(signed(page)).toEqual([]);
  });

  it("is the name without blanks, the relation and the strokes with their timing", async () => {
    const page = await pad();
    await page.get("[name=signer]").setValue(" 王小一 ");
    await stroke(page.get("canvas"));
    await confirm(page);
    const [one] = signed(page);
    expect(one).toMatchObject({ name: "王小一", relation: "self", deputy: {} });
    const { lines } = one!.strokes as { lines: number[][][] };
    expect(lines).toHaveLength(1);
    expect(lines[0]!.every((point) => point.length === 3 && point.every(Number.isInteger))).toBe(true);
    expect(page.emitted("update:modelValue")!.at(-1)).toEqual([false]);
  });

  it("that was wiped away is none", async () => {
    const page = await pad();
    await page.get("[name=signer]").setValue("王小一");
    await stroke(page.get("canvas"));
    await page
      .findAll("button")
      .find((one) => one.text() === "重写")!
      .trigger("click");
    await confirm(page);
    expect(signed(page)).toEqual([]);
  });

  it("of the family says so", async () => {
    const page = await pad();
    await choose(page, "家属");
    expect(page.get<HTMLInputElement>("[name=relation]").element.value).toBe("家属");
    await page.get("[name=signer]").setValue("王太太");
    await stroke(page.get("canvas"));
    await confirm(page);
    expect(signed(page)[0]).toMatchObject({ relation: "family", deputy: {} });
  });
});

describe("a deputy", () => {
  it("says why and shows a paper", async () => {
    const page = await pad();
    await choose(page, "代签");
    await page.get("[name=signer]").setValue("邻居");
    await stroke(page.get("canvas"));
    await confirm(page);
    expect(toast()).toBe("代签须写明原因，并拍下凭证");
    await page.get("[name=deputy-reason]").setValue(" 户主住院 ");
    await confirm(page);
    expect(signed(page)).toEqual([]);
    page.getComponent({ name: "PhotoStrip" }).vm.$emit("taken", "paper-1");
    await confirm(page);
    expect(signed(page)[0]).toMatchObject({
      relation: "deputy",
      deputy: { deputy_reason: "户主住院", photo_id: "paper-1" },
    });
  });
});
