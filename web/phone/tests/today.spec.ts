/** The day of whoever holds the phone: which work is theirs, in which order, and what they were told. */
import "fake-indexeddb/auto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Values } from "@wangge/shared/sync/canonical.ts";
import type { Engine } from "@wangge/shared/sync/engine.ts";

import { sync } from "../src/session.ts";
import Today from "../src/views/Today.vue";
import { kept, ME, NOON, openedBy, settled, shown, stand, texts } from "./phone_screen.ts";

let phone: Engine;
const crew = async (): Promise<void> => void ({ phone } = await openedBy("crew_leader"));
const representative = async (): Promise<void> => void ({ phone } = await openedBy("representative"));
const job = (id: string, more: Values = {}): Values => ({
  id,
  number: `W-${id}`,
  state: "dispatched",
  ...more,
});
const complete = (): Promise<void> =>
  phone.store.transaction(() => phone.store.setMeta({ complete: { 0: true, 1: true, 2: true } }));

beforeEach(() => vi.spyOn(Date, "now").mockReturnValue(NOON));
afterEach(() => void vi.restoreAllMocks());

describe("a crew's jobs", () => {
  beforeEach(crew);

  it("are those that it still has to do", async () => {
    const states = ["received", "dispatched", "accepted", "en_route", "in_progress", "paused", "done"];
    await stand(phone, "work_order", ...states.map((state) => job(state, { state })));
    const { page } = await shown(Today);
    const links = page.findAll("[data-test=jobs] .van-cell").length;
    expect(links).toBe(5);
    expect(page.get("[data-test=jobs]").text()).not.toContain("W-done");
    expect(page.get("[data-test=jobs]").text()).not.toContain("W-received");
  });

  it("come urgent ones first, then by plan, appointment and limit, and undated ones last", async () => {
    await stand(
      phone,
      "work_order",
      job("undated"),
      job("limit", { due_at: "2026-12-01T09:00:00Z" }),
      job("planned", { planned_at: "2026-12-01T05:00:00Z", due_at: "2026-12-09T09:00:00Z" }),
      job("promised", { appointment_from: "2026-12-01T07:00:00Z" }),
      job("urgent", { urgency: "urgent", due_at: "2026-12-05T09:00:00Z" }),
    );
    const { page } = await shown(Today);
    const order = texts(page, "[data-test=jobs] .van-cell").map((one) => /W-[a-z]+/.exec(one)![0]);
    expect([...new Set(order)]).toEqual(["W-urgent", "W-planned", "W-promised", "W-limit", "W-undated"]);
  });

  it("are named by their matter in the language of the phone", async () => {
    await stand(phone, "matter", { id: "m", name_zh: "漏水", name_en: "Leak" });
    await stand(phone, "work_order", job("1", { matter_id: "m", address: "试验路1号" }));
    const { page } = await shown(Today);
    expect(page.get("[data-test=jobs]").text()).toContain("漏水");
    expect(page.get("[data-test=jobs]").text()).toContain("试验路1号");
    const english = await shown(Today, {}, "en");
    expect(english.page.get("[data-test=jobs]").text()).toContain("Leak");
  });

  it("say when they are planned or due, and that they are late", async () => {
    await stand(
      phone,
      "work_order",
      job("late", { due_at: "2026-12-01T03:59:00Z" }),
      job("due", { due_at: "2026-12-01T06:00:00Z" }),
      job("plan", { planned_at: "2026-12-01T05:30:00Z" }),
    );
    const { page } = await shown(Today);
    const [late, plan, due] = texts(page, "[data-test=jobs] .van-cell");
    expect(late).toContain("逾期");
    expect(plan).toContain("计划 12/1 13:30");
    expect(due).toContain("限 12/1 14:00");
    expect(page.findAll("[data-test=jobs] .bad").map((one) => one.text())).toEqual(["逾期"]);
  });

  it("show what the customer was promised, and that it has passed", async () => {
    await stand(
      phone,
      "work_order",
      job("soon", { appointment_from: "2026-12-01T05:00:00Z", appointment_until: "2026-12-01T06:00:00Z" }),
      job("past", { appointment_from: "2026-12-01T02:00:00Z", appointment_until: "2026-12-01T03:00:00Z" }),
      job("none"),
    );
    const { page } = await shown(Today);
    expect(texts(page, "[data-test=promised]")).toEqual([
      "预约已过：12/1 10:00–11:00，请联系客户",
      "约 12/1 13:00–14:00 上门",
    ]);
  });

  it("lead to the job", async () => {
    await stand(phone, "work_order", job("j1"));
    const { page, router } = await shown(Today);
    await page.get("[data-test=jobs] .van-cell").trigger("click");
    await vi.waitFor(() => expect(router.currentRoute.value.path).toBe("/jobs/j1"), 20_000);
  });

  it("stand as the steps that are not sent yet leave them", async () => {
    await stand(phone, "work_order", job("j1"));
    const { page } = await shown(Today);
    expect(page.get("[data-test=jobs]").text()).toContain("已派单");
    await phone.act("work_order", "j1", "accept");
    await settled(phone);
    expect(page.get("[data-test=jobs]").text()).toContain("已接单");
    await phone.act("work_order", "j1", "fail", { failure_reason: "no key" });
    await settled(phone);
    expect(page.find("[data-test=jobs]").exists()).toBe(false);
  });
});

describe("an office's jobs", () => {
  it("are also those that nobody has yet, and those that are done", async () => {
    await representative();
    const states = ["received", "waiting_papers", "done", "closed", "cancelled"];
    await stand(phone, "work_order", ...states.map((state) => job(state, { state })));
    const { page } = await shown(Today);
    expect(page.findAll("[data-test=jobs] .van-cell")).toHaveLength(3);
  });
});

describe("visits", () => {
  beforeEach(representative);
  const visit = (id: string, more: Values = {}): Values => ({
    id,
    customer_id: "k",
    representative_id: ME,
    state: "planned",
    ...more,
  });

  it("come up on their day, the oldest first, and those of others never", async () => {
    await stand(phone, "customer", { id: "k", name: "王小一" });
    await stand(
      phone,
      "visit",
      visit("tomorrow", { due_on: "2026-12-02" }),
      visit("today", { due_on: "2026-12-01" }),
      visit("past", { due_on: "2026-11-20" }),
      visit("theirs", { due_on: "2026-12-01", representative_id: "other" }),
      visit("done", { due_on: "2026-12-01", state: "done" }),
    );
    const { page } = await shown(Today);
    const lines = texts(page, "[data-test=visits] .van-cell");
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain("2026-11-20");
    expect(lines[1]).toContain("王小一");
    expect(texts(page, "[data-test=visits] .bad")).toEqual(["2026-11-20"]);
  });

  it("after a job are there at once, say what about, and stay until somebody was met", async () => {
    await stand(
      phone,
      "visit",
      visit("return", { due_on: "2026-12-20", work_order_id: "j", about: "换表之后" }),
      visit("missed", { due_on: "2026-12-21", work_order_id: "j", state: "not_met", about: "再问" }),
    );
    const { page } = await shown(Today);
    const lines = texts(page, "[data-test=visits] .van-cell");
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain("回访");
    expect(lines[0]).toContain("换表之后");
  });
});

describe("nights on call", () => {
  beforeEach(crew);
  const night = (id: string, from: string, until: string, more: Values = {}): Values => ({
    id,
    valid_from: from,
    valid_until: until,
    clock_from: "18:00",
    clock_until: "08:00",
    ...more,
  });

  it("are the next three, with the one that runs past midnight still among them", async () => {
    await stand(
      phone,
      "on_call",
      night("old", "2026-11-01", "2026-11-29"),
      night("running", "2026-11-30", "2026-11-30"),
      night("day", "2026-11-30", "2026-11-30", { clock_from: "08:00", clock_until: "18:00" }),
      night("next", "2026-12-02", "2026-12-03"),
      night("later", "2026-12-08", "2026-12-09"),
      night("last", "2026-12-20", "2026-12-21"),
    );
    const { page } = await shown(Today);
    expect(texts(page, "[data-test=on-call] .van-cell__label")).toEqual([
      "11-30 至 11-30",
      "12-02 至 12-03",
      "12-08 至 12-09",
    ]);
    expect(page.get("[data-test=on-call] .van-cell").text()).toContain("18:00–08:00");
  });
});

describe("what I was told", () => {
  beforeEach(crew);
  const notice = (id: string, more: Values = {}): Values => ({
    id,
    staff_id: ME,
    text_zh: `通知${id}`,
    text_en: `notice ${id}`,
    created_at: "2026-12-01T01:00:00Z",
    ...more,
  });
  const lines = (page: Awaited<ReturnType<typeof shown>>["page"]): string[] =>
    texts(page, ".van-cell--clickable").filter((one) => /通知|notice/.test(one));

  it("is mine and unread, five at most, in my language", async () => {
    const many = Array.from({ length: 7 }, (_, n) => notice(String(n)));
    await stand(phone, "notice", ...many, notice("theirs", { staff_id: "other" }));
    const { page } = await shown(Today);
    expect(lines(page)).toHaveLength(5);
    expect(page.text()).not.toContain("通知theirs");
    const english = await shown(Today, {}, "en");
    expect(lines(english.page)[0]).toContain("notice 0");
  });

  it("is read with a tap, kept as my word, and gone from the list at once", async () => {
    await stand(phone, "notice", notice("1", { is_urgent: true }));
    const { page } = await shown(Today);
    expect(lines(page)[0]).toContain("紧急");
    await page
      .findAll(".van-cell--clickable")
      .find((one) => one.text().includes("通知1"))!
      .trigger("click");
    await settled(phone);
    expect(kept(phone)).toMatchObject([{ kind: "notice", record: "1", op: "change" }]);
    expect(kept(phone)[0]!.now["read_at"]).toMatch(/^\d{4}-/);
    expect(lines(page)).toEqual([]);
  });
});

describe("surveys and items", () => {
  beforeEach(representative);

  it("that are mine and open lead to their screens", async () => {
    await stand(phone, "customer", { id: "k", name: "王小一" });
    await stand(
      phone,
      "survey",
      { id: "s1", surveyor_id: ME, state: "appointed", customer_id: "k" },
      { id: "s2", surveyor_id: ME, state: "reported", customer_id: "k" },
      { id: "s3", surveyor_id: "other", state: "appointed" },
      { id: "s4", surveyor_id: ME, state: "appointed" },
    );
    await stand(
      phone,
      "item",
      { id: "i1", owner_id: ME, state: "open", theme: "pressure", due_on: "2026-12-03" },
      { id: "i2", owner_id: ME, state: "closed", theme: "pressure" },
      { id: "i3", owner_id: "other", state: "open", theme: "pressure" },
      { id: "i4", owner_id: ME, state: "resolved", description: "水浑" },
    );
    const { page } = await shown(Today);
    expect(page.text()).toContain("王小一");
    const all = texts(page, ".van-cell");
    expect(all.filter((one) => one.includes("水压"))).toHaveLength(1);
    expect(all.filter((one) => one.includes("水浑"))).toHaveLength(1);
    expect(all.filter((one) => one.includes("勘查"))).toHaveLength(1);
    expect(all).toHaveLength(4);
  });
});

describe("an empty day", () => {
  beforeEach(crew);

  it("is not said before everything has come", async () => {
    sync.records = 40;
    const { page } = await shown(Today);
    expect(page.get("[data-test=filling]").text()).toBe("正在下载：40 条 · 还没下载完，请先别离开网络");
    expect(page.find(".van-empty").exists()).toBe(false);
  });

  it("is said in words once everything is here", async () => {
    await complete();
    const { page } = await shown(Today);
    expect(page.find("[data-test=filling]").exists()).toBe(false);
    expect(page.get(".van-empty").text()).toBe("今天没有安排");
    expect((await shown(Today, {}, "en")).page.get(".van-empty").text()).not.toMatch(/[一-鿿]/);
  });
});
