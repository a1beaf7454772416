/** A visit from the check-in to its end: where it was, what was asked, nobody met, and what is kept of it. */
import "fake-indexeddb/auto";
import { beforeEach, describe, expect, it } from "vitest";

import type { Values } from "@wangge/shared/sync/canonical.ts";
import type { Engine } from "@wangge/shared/sync/engine.ts";

import { keepDraft, readDraft } from "../src/session.ts";
import Visit from "../src/views/Visit.vue";
import {
  answered,
  kept,
  ME,
  openedBy,
  type Page,
  satellite,
  settled,
  shown,
  stand,
  toast,
} from "./phone_screen.ts";

let phone: Engine;
const HOME: [number, number] = [120.38, 36.07];
const AWAY: [number, number] = [120.39, 36.07];

beforeEach(async () => {
  ({ phone } = await openedBy("representative"));
  await stand(phone, "customer", { id: "k1", name: "王小一" });
  await stand(phone, "service_point", {
    id: "p1",
    customer_id: "k1",
    address: "试验路12号",
    place: { type: "Point", coordinates: HOME },
  });
  satellite(HOME);
});

async function visit(more: Values = {}, language: "zh" | "en" = "zh") {
  const base = { id: "v1", customer_id: "k1", cell_id: "c1", state: "planned", method: "door" };
  await stand(phone, "visit", { ...base, ...more });
  return shown(Visit, { id: "v1" }, language);
}
async function click(page: Page, name: string): Promise<void> {
  await page.get(`[data-test=${name}]`).trigger("click");
  await settled(phone);
}

describe("a check-in", () => {
  it("says how exact it is, and goes with the end of the visit", async () => {
    const { page, router } = await visit();
    await click(page, "check-in");
    expect(page.get("p.good").text()).toBe("已签到，精度 12 米");
    expect(page.find("[name=away]").exists()).toBe(false);
    await page.get("[name=summary]").setValue("水压正常");
    await click(page, "complete");
    const [step] = kept(phone, "visit");
    expect(step).toMatchObject({
      op: "act",
      action: "complete",
      now: { summary: "水压正常", check_in: { coordinates: HOME }, check_in_accuracy_m: 12 },
    });
    expect(step!.now["started_at"]).toMatch(/^\d{4}-\d\d-\d\dT/);
    expect(toast()).toBe("走访已保存");
    expect(router.currentRoute.value.path).toBe("/customers/k1");
  });

  it("far from the address asks why, and no end goes without it", async () => {
    satellite(AWAY);
    const { page } = await visit();
    await click(page, "check-in");
    expect(page.get("p.bad").text()).toBe("离地址 899 米");
    await page.get("[name=summary]").setValue("在单位谈的");
    await click(page, "complete");
    expect([toast(), kept(phone, "visit")]).toEqual(["为什么不在地址", []]);
    await page.get("[name=away]").setValue("在单位见面");
    await click(page, "complete");
    expect(kept(phone, "visit")[0]!.now).toMatchObject({ away_reason: "在单位见面" });
  });

  it("that is only as far as the satellite is wrong asks nothing", async () => {
    satellite(AWAY, 800);
    const { page } = await visit();
    await click(page, "check-in");
    expect(page.find("[name=away]").exists()).toBe(false);
  });

  it("without a satellite says that one can go on, and one can", async () => {
    satellite(null);
    const { page } = await visit();
    await click(page, "check-in");
    expect(page.text()).toContain("没有定位，也可以继续");
    await page.get("[name=summary]").setValue("好");
    await click(page, "complete");
    expect(kept(phone, "visit")[0]!.now).not.toHaveProperty("check_in");
  });

  it("keeps its first moment, however often it is repeated", async () => {
    const { page } = await visit();
    await click(page, "check-in");
    const first = readDraft<{ startedAt: string }>("visit/v1")!.startedAt;
    await new Promise((done) => setTimeout(done, 5));
    await click(page, "check-in");
    expect(readDraft<{ startedAt: string }>("visit/v1")!.startedAt).toBe(first);
  });
});

describe("the end of a visit", () => {
  it("needs what was found, in the language of the phone", async () => {
    const { page } = await visit({}, "en");
    await click(page, "complete");
    expect([toast(), kept(phone, "visit")]).toEqual(["What was found", []]);
  });

  it("where nobody was met needs why", async () => {
    const { page } = await visit();
    await click(page, "nobody");
    expect([toast(), kept(phone, "visit")]).toEqual(["未遇原因", []]);
    await page.get("[name=nobody]").setValue("没人应门");
    await click(page, "nobody");
    expect(kept(phone, "visit")).toMatchObject([
      { action: "nobody_met", now: { absent_reason: "没人应门" } },
    ]);
  });

  it("can still be reached after nobody was met, but not missed twice", async () => {
    const { page } = await visit({ state: "not_met" });
    expect(page.find("[data-test=nobody]").exists()).toBe(false);
    expect(page.find("[data-test=complete]").exists()).toBe(true);
  });

  it.each(["done", "cancelled"])("that is %s is only read", async (state) => {
    const { page } = await visit({ state, summary: "已谈" });
    for (const name of ["complete", "nobody", "check-in", "take-photo"])
      expect(page.find(`[data-test=${name}]`).exists()).toBe(false);
    expect(page.text()).toContain("已谈");
  });

  it("shows at once what is not sent yet", async () => {
    const { page } = await visit();
    expect(page.get("[data-test=state]").text()).toContain("待走访");
    await page.get("[name=summary]").setValue("好");
    await click(page, "complete");
    expect(page.get("[data-test=state]").text()).toContain("已走访");
  });

  it("takes the draft with it", async () => {
    const { page } = await visit();
    await page.get("[name=summary]").setValue("好");
    await settled(phone);
    expect(readDraft("visit/v1")).toMatchObject({ summary: "好" });
    await click(page, "complete");
    expect(readDraft("visit/v1")).toBeNull();
  });
});

describe("a half-filled visit", () => {
  it("goes on after the page has died", async () => {
    const first = await visit();
    await click(first.page, "check-in");
    await first.page.get("[name=summary]").setValue("谈到一半");
    await settled(phone);
    first.page.unmount();
    const { page } = await shown(Visit, { id: "v1" });
    expect(page.get<HTMLTextAreaElement>("[name=summary]").element.value).toBe("谈到一半");
    expect(page.get("p.good").text()).toContain("已签到");
  });
});

describe("a visit after a job", () => {
  const ask = (more: Values = {}) =>
    visit({ work_order_id: "j", about: "换表之后", method: "phone", ...more });

  it("says what about, and asks by telephone without a check-in or a form", async () => {
    const { page } = await ask();
    expect(page.get("h1").text()).toBe("回访");
    expect(page.get("[data-test=about]").text()).toContain("换表之后");
    expect(page.find("[data-test=check-in]").exists()).toBe(false);
    expect(page.find("[data-test=fill-form]").exists()).toBe(false);
  });

  it("needs the customer's word, which is kept with how they were asked", async () => {
    const { page } = await ask();
    await page.get("[name=summary]").setValue("不漏了");
    await click(page, "complete");
    expect([toast(), kept(phone, "visit")]).toEqual(["客户是否满意", []]);
    const yes = page.findAll("[data-test=satisfied] .van-radio").at(0)!;
    await yes.trigger("click");
    await click(page, "complete");
    expect(kept(phone, "visit")[0]!.now).toMatchObject({
      summary: "不漏了",
      is_satisfied: true,
      method: "phone",
    });
  });

  it("keeps a no as a no", async () => {
    const { page } = await ask();
    await page.get("[name=summary]").setValue("还漏");
    await page.findAll("[data-test=satisfied] .van-radio").at(1)!.trigger("click");
    await click(page, "complete");
    expect(kept(phone, "visit")[0]!.now["is_satisfied"]).toBe(false);
  });

  it("is checked in where somebody goes there after all", async () => {
    const { page } = await ask();
    const door = page.findAll(".van-radio").find((one) => one.text() === "上门")!;
    await door.trigger("click");
    await settled(phone);
    expect(page.find("[data-test=check-in]").exists()).toBe(true);
    await page.get("[name=summary]").setValue("看过了");
    await page.findAll("[data-test=satisfied] .van-radio").at(0)!.trigger("click");
    await click(page, "complete");
    expect(kept(phone, "visit")[0]!.now["method"]).toBe("door");
  });

  it("shows afterwards what the customer said", async () => {
    const { page } = await ask({ state: "done", is_satisfied: false, summary: "还漏" });
    expect(page.text()).toContain("不满意");
  });
});

describe("the questionnaire of a visit", () => {
  const rows = [
    { type: "integer", name: "people", label_zh: "人数", label_en: "People", required: true },
    { type: "select_one", name: "leaks", label_zh: "漏水吗", choices: [{ name: "y", label_zh: "漏" }] },
  ];
  beforeEach(() =>
    stand(
      phone,
      "questionnaire",
      { id: "q1", is_active: true, edition: 1, title_zh: "旧表", rows: [] },
      { id: "q2", is_active: true, edition: 2, title_zh: "新表", rows },
      { id: "q3", is_active: false, edition: 3, title_zh: "停用", rows: [] },
    ),
  );

  it("is the newest that is in use, and its answers are kept as a record of their own", async () => {
    const { page } = await visit();
    await click(page, "fill-form");
    expect(page.text()).toContain("新表");
    await page.get("[name=people]").setValue("3");
    await page.get("[data-question=leaks] .van-radio").trigger("click");
    await click(page, "form-submit");
    expect(kept(phone, "response")).toMatchObject([
      {
        op: "create",
        now: {
          questionnaire_id: "q2",
          visit_id: "v1",
          customer_id: "k1",
          cell_id: "c1",
          author_id: ME,
          channel: "visit",
          answers: { people: 3, leaks: "y" },
        },
      },
    ]);
    expect(page.get("[data-test=fill-form]").text()).toBe("满意度调查 · 已填写 1");
  });

  it("goes on with its draft where the person says so", async () => {
    await stand(phone, "visit", { id: "v1", customer_id: "k1", state: "planned", method: "door" });
    keepDraft("visit/v1", { answers: { people: 7 } });
    await settled(phone);
    const { page } = await shown(Visit, { id: "v1" });
    await page.get("[data-test=fill-form]").trigger("click");
    expect(await answered(true)).toBe("继续上次草稿？");
    await settled(phone);
    expect(page.get<HTMLInputElement>("[name=people]").element.value).toBe("7");
  });

  it("begins anew where the person wants that", async () => {
    await stand(phone, "visit", { id: "v1", customer_id: "k1", state: "planned", method: "door" });
    keepDraft("visit/v1", { answers: { people: 7 } });
    await settled(phone);
    const { page } = await shown(Visit, { id: "v1" });
    await page.get("[data-test=fill-form]").trigger("click");
    await answered(false);
    await settled(phone);
    expect(page.get<HTMLInputElement>("[name=people]").element.value).toBe("");
  });

  it("is not offered where none is in use", async () => {
    ({ phone } = await openedBy("representative"));
    const { page } = await visit();
    expect(page.find("[data-test=fill-form]").exists()).toBe(false);
  });
});
