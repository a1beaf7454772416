/** A job at the door, step by step: what is kept of each, what is missing, and what stands in its way. */
import "fake-indexeddb/auto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Values } from "@wangge/shared/sync/canonical.ts";
import type { Engine } from "@wangge/shared/sync/engine.ts";

import { readDraft } from "../src/session.ts";
import Job from "../src/views/Job.vue";
import { canvasThatDraws, stroke } from "./browser_edge.ts";
import {
  answered,
  kept,
  openedBy,
  type Page,
  satellite,
  settled,
  shown,
  stand,
  toast,
} from "./phone_screen.ts";

let phone: Engine;
beforeEach(async () => {
  ({ phone } = await openedBy("crew_leader"));
  satellite([120.38, 36.07]);
  canvasThatDraws();
});
afterEach(() => void vi.restoreAllMocks());

async function job(more: Values = {}, language: "zh" | "en" = "zh") {
  const base = { id: "j1", number: "W-1", state: "in_progress", crew_id: "crew", cell_id: "c1" };
  await stand(phone, "work_order", { ...base, ...more });
  return shown(Job, { id: "j1" }, language);
}
const steps = (page: Page): string[] =>
  page.findAll("[data-test^=step-]").map((one) => one.attributes("data-test")!.slice(5));
async function take(page: Page, step: string): Promise<void> {
  await page.get(`[data-test=step-${step}]`).trigger("click");
  await settled(phone);
}
async function takeAndConfirm(page: Page, step: string): Promise<string> {
  await page.get(`[data-test=step-${step}]`).trigger("click");
  const asked = await answered(true);
  await settled(phone);
  return asked;
}
const work = () => kept(phone, "work_order");

describe("the steps of a job", () => {
  it.each([
    ["dispatched", ["accept"]],
    ["accepted", ["leave", "arrive", "fail"]],
    ["en_route", ["arrive", "fail"]],
    ["arrived", ["start", "pause", "fail"]],
    ["in_progress", ["pause", "finish_partly", "finish", "fail"]],
    ["paused", ["start", "fail"]],
    ["done", []],
  ])("of a crew from %s are %j", async (state, offered) => {
    expect(steps((await job({ state, opened_at: "2026-12-01T01:00:00Z" })).page)).toEqual(offered);
  });

  it("are none for a representative, who looks on and opens nothing", async () => {
    ({ phone } = await openedBy("representative"));
    const { page } = await job({ state: "dispatched" });
    expect(steps(page)).toEqual([]);
    expect(work()).toEqual([]);
    expect(page.find("[data-test=take-photo]").exists()).toBe(false);
  });

  it("go to the door without a word, one after another, with no network", async () => {
    const { page } = await job({ state: "dispatched", opened_at: "2026-12-01T01:00:00Z" });
    for (const step of ["accept", "leave", "arrive", "start"]) await take(page, step);
    expect(work().map((one) => one.action)).toEqual(["accept", "leave", "arrive", "start"]);
    expect(page.get("[data-test=state]").text()).toBe("处理中");
    expect(toast()).toBe("已保存，等待上传");
  });

  it("tell the dispatcher that a crew has opened the job, once", async () => {
    const { page } = await job({ state: "dispatched" });
    await settled(phone);
    expect(work()).toMatchObject([{ op: "change" }]);
    expect(work()[0]!.now["opened_at"]).toMatch(/^\d{4}-/);
    page.unmount();
    await shown(Job, { id: "j1" });
    await settled(phone);
    expect(work()).toHaveLength(1);
  });

  it("that need a reason wait for it", async () => {
    const { page } = await job();
    await take(page, "pause");
    expect([toast(), work()]).toEqual(["原因", []]);
    await page.get("[name=reason]").setValue("等阀门");
    await take(page, "pause");
    expect(work()).toMatchObject([{ action: "pause", now: { pause_reason: "等阀门" } }]);
    expect(page.get<HTMLInputElement>("[name=reason]").element.value).toBe("");
  });

  it("note where they were taken, on shift", async () => {
    await stand(phone, "duty", { id: "d", staff_id: "me", started_at: "2026-12-01T00:00:00Z" });
    const { page } = await job({ state: "accepted" });
    await take(page, "arrive");
    await settled(phone);
    expect(phone.store.meta("positions", [])).toMatchObject([
      { event: "arrive", of_kind: "work_order", of_id: "j1", lng: 120.38 },
    ]);
  });
});

describe("the end of a job", () => {
  it("needs a result, in the language of the phone", async () => {
    const { page } = await job({}, "en");
    await take(page, "finish");
    expect([toast(), work()]).toEqual(["Result", []]);
  });

  it("is asked for once more, and a no keeps nothing", async () => {
    const { page } = await job();
    await page.get("[name=result]").setValue("换了阀门");
    await page.get("[data-test=step-finish]").trigger("click");
    expect(await answered(false)).toBe("确认“完成”？");
    await settled(phone);
    expect(work()).toEqual([]);
    expect(readDraft("job/j1")).toMatchObject({ result: "换了阀门" });
  });

  it("takes the whole report with it and leaves", async () => {
    const { page, router } = await job();
    await page.get("[name=diagnosis]").setValue("阀门坏");
    await page.get("[name=result]").setValue("换了阀门");
    await takeAndConfirm(page, "finish");
    expect(work()).toMatchObject([
      { op: "act", action: "finish", now: { diagnosis: "阀门坏", result: "换了阀门" } },
    ]);
    expect(readDraft("job/j1")).toBeNull();
    expect(router.currentRoute.value.path).toBe("/");
  });

  it("in part needs what is left", async () => {
    const { page } = await job();
    await page.get("[name=result]").setValue("止了水");
    await take(page, "finish_partly");
    expect([toast(), work()]).toEqual(["未完成部分", []]);
    await page.get("[name=remainder]").setValue("补路面");
    await takeAndConfirm(page, "finish_partly");
    expect(work()).toMatchObject([
      { action: "finish_partly", now: { result: "止了水", remainder: "补路面" } },
    ]);
  });

  it("without its photos does not go", async () => {
    const { page } = await job({ required_photos: 2, photo_ids: ["p1"] });
    await page.get("[name=result]").setValue("换了阀门");
    await take(page, "finish");
    expect([toast(), work()]).toEqual(["至少 2 张", []]);
  });

  it("that could not be reached says why", async () => {
    const { page } = await job({ state: "arrived" });
    await page.get("[name=reason]").setValue("进不去");
    expect(await takeAndConfirm(page, "fail")).toBe("确认“未能完成”？");
    expect(work()).toMatchObject([{ action: "fail", now: { failure_reason: "进不去" } }]);
  });

  it("that the phone has no room for says so and keeps what was typed", async () => {
    const { page } = await job();
    await page.get("[name=result]").setValue("换了阀门");
    await settled(phone);
    const full = new DOMException("no room", "QuotaExceededError");
    vi.spyOn(phone.store, "transaction").mockRejectedValueOnce(full);
    await page.get("[data-test=step-finish]").trigger("click");
    await answered(true);
    await settled(phone);
    expect(toast()).toBe("手机存储已满，没有保存。请先上传或清理空间");
    expect(work()).toEqual([]);
    expect(page.get<HTMLTextAreaElement>("[name=result]").element.value).toBe("换了阀门");
    expect(page.get("[data-test=step-finish]").classes()).not.toContain("van-button--loading");
  });
});

describe("time and cost", () => {
  const quoted = { state: "arrived", quote_required: true, site_card: { customer_name: "王小一" } };
  async function tell(page: Page, agrees: "yes" | "no"): Promise<void> {
    await page.get("[name=told-minutes]").setValue("40");
    await page.get("[name=told-cost]").setValue("45.5");
    await page.get(`[data-test=told-${agrees}]`).trigger("click");
  }

  it("are told before work begins", async () => {
    const { page } = await job(quoted);
    await take(page, "start");
    expect([toast(), work()]).toEqual(["开工前须先告知客户时间和费用", []]);
    await tell(page, "yes");
    await take(page, "start");
    expect(work().map((one) => [one.op, one.action])).toEqual([
      ["change", undefined],
      ["act", "start"],
    ]);
    expect(work()[0]!.now).toMatchObject({
      told_minutes: 40,
      told_cost_fen: 4550,
      tellings: [{ told_to: "王小一", is_agreed: true, cost_fen: 4550 }],
    });
  });

  it("that were not agreed to are kept, and work does not begin", async () => {
    const { page } = await job(quoted);
    await tell(page, "no");
    await take(page, "start");
    expect([toast(), work()]).toEqual(["客户不同意，不能开工", []]);
    await page.get("[data-test=keep-telling]").trigger("click");
    await settled(phone);
    expect(work()[0]!.now).not.toHaveProperty("told_minutes");
    expect(work()[0]!.now["tellings"]).toMatchObject([{ is_agreed: false }]);
  });

  it("told again say why, and the first telling stays", async () => {
    const before = { minutes: 30, cost_fen: 100, told_to: "王", way: "phone", at: "2026-12-01T01:00:00Z" };
    const { page } = await job({ ...quoted, told_minutes: 30, told_cost_fen: 100, tellings: [before] });
    await tell(page, "yes");
    await page.get("[data-test=keep-telling]").trigger("click");
    expect(toast()).toBe("变更原因");
    await page.get("[name=told-why]").setValue("还要换管");
    await page.get("[data-test=keep-telling]").trigger("click");
    await settled(phone);
    expect(work()[0]!.now["tellings"]).toMatchObject([{ minutes: 30 }, { minutes: 40, why: "还要换管" }]);
  });
});

describe("what a crew prepares", () => {
  const checklist = [
    { code: "pump", zh: "水泵", en: "Pump" },
    { code: "sand", zh: "沙袋", en: "Sandbags" },
  ];

  it("is ticked off before it leaves, and unticked", async () => {
    const { page } = await job({ state: "accepted", checklist, prepared_codes: ["sand"] });
    const boxes = page.findAll(".van-checkbox");
    await boxes[0]!.trigger("click");
    await settled(phone);
    await boxes[1]!.trigger("click");
    await settled(phone);
    expect(work().map((one) => one.now)).toEqual([
      { prepared_codes: ["sand", "pump"] },
      { prepared_codes: ["pump"] },
    ]);
  });

  it("is named in the phone's language and not asked once work has begun", async () => {
    expect((await job({ state: "accepted", checklist }, "en")).page.text()).toContain("Sandbags");
    expect((await job({ state: "in_progress", checklist })).page.text()).not.toContain("沙袋");
  });
});

describe("the customer's signature", () => {
  async function sign(page: Page, name = "王小一"): Promise<void> {
    await page.get("[data-test=sign]").trigger("click");
    await settled(phone);
    await page.get("[name=signer]").setValue(name);
    await stroke(page.get("[data-test=signature]"));
    await page.get("[data-test=sign-confirm]").trigger("click");
    await vi.waitFor(() => expect(page.text()).toContain(`已签字：${name}`), 20_000);
    await settled(phone);
  }

  it("goes with the end of the job, bound to what was shown", async () => {
    const { page } = await job({ signature_required: true });
    await page.get("[name=result]").setValue("换了阀门");
    await sign(page);
    await takeAndConfirm(page, "finish");
    const [signature] = kept(phone, "signature");
    expect(signature!.now).toMatchObject({
      of_kind: "work_order",
      of_id: "j1",
      signer_name: "王小一",
      relation: "self",
      crew_id: "crew",
      cell_id: "c1",
      sheet: { number: "W-1", result: "换了阀门", photos: [] },
      place: { coordinates: [120.38, 36.07] },
    });
    expect(signature!.now["device_signature"]).toMatch(/^[\w+/]{86}==$/);
    expect(signature!.now["signed_at"]).toMatch(/\.\d{6}Z$/);
    expect(work().at(-1)!.now["signature_id"]).toBe(signature!.record);
  });

  it("must be given again once the report has changed", async () => {
    const { page } = await job({ signature_required: true });
    await page.get("[name=result]").setValue("换了阀门");
    await sign(page);
    await page.get("[name=result]").setValue("换了水管");
    await vi.waitFor(() => expect(page.text()).toContain("内容有改动，须重新签字"), 20_000);
    await take(page, "finish");
    expect([toast(), work()]).toEqual(["内容有改动，须重新签字", []]);
  });

  it("is missed, or somebody says why there is none, with a photo", async () => {
    const { page } = await job({ signature_required: true, photo_ids: ["p1"] });
    await page.get("[name=result]").setValue("换了阀门");
    await take(page, "finish");
    expect(toast()).toBe("需客户签字，或说明未签原因");
    await page
      .findAll(".van-radio")
      .find((one) => one.text() === "客户不在场")!
      .trigger("click");
    await page.get("[name=unsigned]").setValue("出差了");
    await takeAndConfirm(page, "finish");
    expect(work().at(-1)!.now).toMatchObject({ unsigned_kind: "absent", unsigned_reason: "出差了" });
    expect(kept(phone, "signature")).toEqual([]);
  });

  it("is not asked for before what was told is whole", async () => {
    const { page } = await job();
    await page.get("[name=told-minutes]").setValue("40");
    await page.get("[data-test=sign]").trigger("click");
    expect(toast()).toBe("开工前须先告知客户时间和费用");
    expect(page.find("[name=signer]").exists()).toBe(false);
  });
});

describe("a job that is not mine any more", () => {
  it("says so, and what was done is still there", async () => {
    const { page } = await shown(Job, { id: "gone" });
    expect(page.text()).toContain("这张工单已不在你的范围内");
    await stand(phone, "work_order", { id: "j1", number: "W-1", state: "in_progress" });
    await phone.act("work_order", "j1", "pause", { pause_reason: "等" });
    const line = { kind: "work_order", id: "j1", version: 2, body: null, in: [] };
    await phone.store.transaction(() => phone.store.keepLine(line as never));
    const left = await shown(Job, { id: "j1" });
    expect(left.page.text()).toContain("这张工单已不在你的范围内");
    expect(work()).toHaveLength(1);
  });
});
