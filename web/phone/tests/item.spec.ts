/** A dissatisfied item on the phone: who may take which step, what it needs, and who does not close it. */
import "fake-indexeddb/auto";
import { beforeEach, describe, expect, it } from "vitest";

import type { Values } from "@wangge/shared/sync/canonical.ts";
import type { Engine } from "@wangge/shared/sync/engine.ts";

import { readDraft } from "../src/session.ts";
import Item from "../src/views/Item.vue";
import { kept, ME, openedBy, type Page, settled, shown, stand, toast } from "./phone_screen.ts";

let phone: Engine;
beforeEach(async () => {
  ({ phone } = await openedBy("representative"));
  await stand(phone, "customer", { id: "k1", name: "王小一" });
});

async function item(more: Values = {}, language: "zh" | "en" = "zh") {
  const base = { id: "i1", customer_id: "k1", state: "open", theme: "pressure", description: "顶楼没水" };
  await stand(phone, "item", { ...base, ...more });
  return shown(Item, { id: "i1" }, language);
}
const steps = (page: Page): string[] =>
  page.findAll("[data-test^=step-]").map((one) => one.attributes("data-test")!.slice(5));
async function take(page: Page, step: string): Promise<void> {
  await page.get(`[data-test=step-${step}]`).trigger("click");
  await settled(phone);
}

describe("an item", () => {
  it("says whose it is, what about, and until when", async () => {
    const { page } = await item({ due_on: "2026-12-05" });
    for (const text of ["王小一", "水压", "顶楼没水", "待处理"]) expect(page.text()).toContain(text);
    expect(page.get("[data-test=due]").text()).toContain("2026-12-05");
    expect(page.get("[data-test=due]").text()).toContain("只有主管能改");
  });

  it("is in English where the phone is", async () => {
    const { page } = await item({}, "en");
    expect(page.get("h1").text()).toBe("Dissatisfied item");
    expect(page.get("[data-test=step-take]").text()).toBe("Take in hand");
  });

  it("shows what was done and what the customer said of it", async () => {
    const { page } = await item({ state: "closed", resolution: "加了泵", return_visit_note: "满意" });
    expect(page.text()).toContain("加了泵");
    expect(page.text()).toContain("满意");
  });

  it("that has left this phone is an empty page", async () => {
    const { page } = await shown(Item, { id: "gone" });
    expect(page.find("[data-test=state]").exists()).toBe(false);
  });
});

describe("the steps of an item", () => {
  it.each([
    ["open", ["take", "resolve"]],
    ["in_hand", ["resolve"]],
    ["resolved", ["close", "reopen"]],
    ["closed", ["reopen"]],
  ])("from %s are %j", async (state, offered) => {
    expect(steps((await item({ state })).page)).toEqual(offered);
  });

  it("are none for who may take none", async () => {
    ({ phone } = await openedBy("crew_member"));
    expect(steps((await item()).page)).toEqual([]);
  });

  it("go at once where they need nothing", async () => {
    const { page } = await item();
    await take(page, "take");
    expect(kept(phone)).toMatchObject([{ kind: "item", record: "i1", op: "act", action: "take", now: {} }]);
    expect(page.get("[data-test=state]").text()).toContain("处理中");
    expect(toast()).toBe("已保存，等待上传");
  });

  it("that need words are not taken without, nor with blanks", async () => {
    const { page } = await item();
    await take(page, "resolve");
    expect([toast(), kept(phone)]).toEqual(["处理结果", []]);
    await page.get("[name=resolution]").setValue("   ");
    await take(page, "resolve");
    expect(kept(phone)).toEqual([]);
    await page.get("[name=resolution]").setValue(" 加了泵 ");
    await take(page, "resolve");
    expect(kept(phone)[0]).toMatchObject({ action: "resolve", now: { resolution: "加了泵" } });
  });

  it("that confirm are not for whoever resolved it", async () => {
    const { page } = await item({ state: "resolved", resolved_by_id: ME });
    expect(steps(page)).toEqual(["reopen"]);
    expect(page.get("[data-test=another]").text()).toBe("您解决的，请另一位同事或主管回访后办结");
  });

  it("that confirm are not for whoever has just resolved it without a network", async () => {
    const { page } = await item({ state: "in_hand" });
    await page.get("[name=resolution]").setValue("加了泵");
    await take(page, "resolve");
    expect(steps(page)).toEqual(["reopen"]);
    expect(page.find("[data-test=another]").exists()).toBe(true);
  });

  it("that confirm are for everybody else", async () => {
    const { page } = await item({ state: "resolved", resolved_by_id: "other" });
    expect(page.find("[data-test=another]").exists()).toBe(false);
    await page.get("[name=return_visit_note]").setValue("客户满意");
    await take(page, "close");
    expect(kept(phone)[0]).toMatchObject({ action: "close", now: { return_visit_note: "客户满意" } });
  });
});

describe("what is typed for a step", () => {
  it("is there again after the page has died, and gone once it was kept", async () => {
    const first = await item();
    await first.page.get("[name=resolution]").setValue("加了一半");
    await settled(phone);
    first.page.unmount();
    const { page } = await shown(Item, { id: "i1" });
    expect(page.get<HTMLTextAreaElement>("[name=resolution]").element.value).toBe("加了一半");
    await take(page, "resolve");
    expect(readDraft<{ said: object }>("item/i1")?.said ?? {}).toEqual({});
  });
});
