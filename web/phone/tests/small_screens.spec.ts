/** Small things a person meets: the bar's questions, a form's sorts of answers, work shown field by field. */
import "fake-indexeddb/auto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Values } from "@wangge/shared/sync/canonical.ts";
import type { Engine } from "@wangge/shared/sync/engine.ts";
import type { Question } from "@wangge/shared/sync/forms.ts";
import { errorWords } from "@wangge/shared/vocabulary/words.ts";

import { shot } from "../../shared/tests/small_server.ts";
import { en } from "../src/en/index.ts";
import { notKeptWords } from "../src/not_kept.ts";
import FormRunner from "../src/parts/FormRunner.vue";
import StateBar from "../src/parts/StateBar.vue";
import WorkDetail from "../src/parts/WorkDetail.vue";
import { sync } from "../src/session.ts";
import { zh } from "../src/zh/index.ts";
import { answered, kept, NOON, now, openedBy, type Page, settled, shown, stand } from "./phone_screen.ts";

let phone: Engine;
beforeEach(async () => {
  ({ phone } = await openedBy("representative"));
});
afterEach(() => void vi.restoreAllMocks());

async function parked(code: string, detail: Values = {}, made: Values = { summary: "一" }): Promise<void> {
  await phone.create("visit", made, "v1");
  const { id } = phone.store.waiting().at(-1)!.mutation;
  await phone.store.transaction(() =>
    phone.store.answer([{ id, status: "parked", code, detail }], "2026-12-01T01:00:00.000000Z"),
  );
  await now();
}

describe("the bar over every screen", () => {
  const said = (page: Page): string => page.get("[data-test=waiting]").text();

  it("says how old the oldest piece is", async () => {
    vi.spyOn(Date, "now").mockReturnValue(NOON);
    vi.spyOn(phone.clock, "now").mockReturnValue(NOON - 3 * 3_600_000);
    await phone.create("visit", { summary: "一" });
    const { page } = await shown(StateBar);
    expect(said(page)).toBe("1 条待传 · 最早 3小时前");
    expect(said((await shown(StateBar, {}, "en")).page)).toBe("1 to send · oldest 3 hr. ago");
  });

  it("says when the last contact was", async () => {
    vi.spyOn(Date, "now").mockReturnValue(NOON);
    const contact = new Date(NOON - 5 * 60_000).toISOString();
    await phone.store.transaction(() => phone.store.setMeta({ contact }));
    const { page } = await shown(StateBar);
    expect(page.text()).toContain("上次联系 5分钟前");
  });

  it("counts pictures that cannot go", async () => {
    const photo = await shot(phone, "x");
    await phone.store.transaction(() => phone.store.setPhoto(photo, { isAside: true }));
    const { page } = await shown(StateBar);
    expect(said(page)).toContain("1 张照片传不了");
  });

  it("leads to what waits for a person, where that is wanted", async () => {
    await parked("check_failed");
    const { page, router } = await shown(StateBar);
    expect(page.get("button.parked").text()).toBe("1!");
    await page.get("button.parked").trigger("click");
    expect(await answered(false)).toBe("1 条需人工处理");
    await settled(phone);
    expect(router.currentRoute.value.path).toBe("/here");
    await page.get("button.parked").trigger("click");
    await answered(true);
    await vi.waitFor(() => expect(router.currentRoute.value.path).toBe("/queue"), 20_000);
  });

  it("tries at once with a tap, and says that there is no network", async () => {
    const { page } = await shown(StateBar);
    await page.get("button.main").trigger("click");
    await vi.waitFor(() => expect([sync.isReachable, sync.isRunning]).toEqual([false, false]), 20_000);
    await now();
    expect(page.get("[data-test=reach]").text()).toBe("离线");
  });
});

describe("a form's sorts of answers", () => {
  const runner = async (rows: Question[], language: "zh" | "en" = "zh", start: Values = {}) =>
    (await shown(FormRunner, { rows, start }, language)).page;
  const submit = async (page: Page): Promise<unknown> => {
    await page.get("[data-test=form-submit]").trigger("click");
    return page.emitted("submit")?.at(-1)?.[0];
  };
  const choices = [
    { name: "a", label_zh: "甲", label_en: "A" },
    { name: "b", label_zh: "乙", label_en: "B" },
  ];

  it("are one of several, in the language of the phone", async () => {
    const rows = [{ type: "select_one", name: "q", label_zh: "选", label_en: "Choose", choices }];
    const page = await runner(rows, "en");
    expect(page.get("h3").text()).toBe("Choose");
    expect(page.findAll(".van-radio").map((one) => one.text())).toEqual(["A", "B"]);
    await page.findAll(".van-radio")[1]!.trigger("click");
    expect(await submit(page)).toEqual({ q: "b" });
  });

  it("are several of several", async () => {
    const page = await runner([{ type: "select_multiple", name: "q", label_zh: "选", choices }]);
    for (const box of page.findAll(".van-checkbox")) await box.trigger("click");
    expect(await submit(page)).toEqual({ q: ["a", "b"] });
  });

  it("are how satisfied somebody is, by the same five words everywhere", async () => {
    const page = await runner([{ type: "satisfaction", name: "q", label_zh: "满意吗" }]);
    expect(page.findAll(".van-radio").map((one) => one.text())).toEqual([
      "很满意",
      "满意",
      "一般",
      "不满意",
      "很不满意",
    ]);
    await page.findAll(".van-radio")[0]!.trigger("click");
    expect(await submit(page)).toEqual({ q: "very_satisfied" });
  });

  it("are none to a note, which is only read", async () => {
    const page = await runner([{ type: "note", name: "q", label_zh: "请出示证件", required: true }]);
    expect(page.text()).toContain("请出示证件");
    expect(await submit(page)).toEqual({});
  });

  it("are named by the question's name where it has no words", async () => {
    const page = await runner([{ type: "text", name: "remark" }]);
    expect(page.get("h3").text()).toBe("remark");
  });

  it("that are not plausible are said at their question, and counted at the end", async () => {
    const rows: Question[] = [
      { type: "integer", name: "people", label_zh: "人数", constraint: "value < 50" },
      { type: "text", name: "why", label_zh: "为什么", required: true },
    ];
    const page = await runner(rows, "zh", { people: 80 });
    expect(await submit(page)).toBeUndefined();
    expect(page.get("[data-question=people] [role=alert]").text()).toBe("数值不合理");
    expect(page.text()).toContain("还有 2 处要填");
    await page.get("[name=people]").setValue("8");
    await page.get("[name=why]").setValue("x");
    expect(await submit(page)).toEqual({ people: 8, why: "x" });
  });
});

describe("work field by field", () => {
  const detail = async (language: "zh" | "en" = "zh") =>
    (await shown(WorkDetail, { entry: phone.store.journal().at(-1) }, language)).page;

  it("stands beside what the record says now", async () => {
    await stand(phone, "visit", { id: "v1", summary: "别人写的", state: "done" });
    await phone.change("visit", "v1", { summary: "我写的", method: "door" });
    const { id } = phone.store.waiting()[0]!.mutation;
    const outcome = { id, status: "merged" as const, detail: { met: ["summary"] } };
    await phone.store.transaction(() => phone.store.answer([outcome], "2026-12-01T01:00:00.000000Z"));
    const page = await detail();
    const cells = page
      .get("[data-test=detail-summary]")
      .findAll("td")
      .map((one) => one.text());
    expect(cells).toEqual(["我写的", "别人写的"]);
    expect(page.get("[data-test=detail-summary]").text()).toContain("有争议");
    expect(page.get("[data-test=detail-summary]").classes()).toContain("differs");
    expect(page.text()).toContain("两个值都保留，由调度员决定");
  });

  it("of a record that is gone says so, in either language", async () => {
    await phone.change("visit", "v1", { summary: "我写的" });
    const { id } = phone.store.waiting()[0]!.mutation;
    await phone.store.transaction(() =>
      phone.store.answer([{ id, status: "applied" }], "2026-12-01T01:00:00.000000Z"),
    );
    expect((await detail()).text()).toContain("这条记录已不在本机");
    expect((await detail("en")).text()).toContain("no longer on this phone");
  });

  it("shows no ids that tell nobody anything", async () => {
    await phone.create("visit", { summary: "一", cell_id: "c1", unit_id: "u" });
    const page = await detail();
    expect(page.find("[data-test=detail-cell_id]").exists()).toBe(false);
    expect(page.find("[data-test=detail-summary]").exists()).toBe(true);
  });

  it("says what is wrong and what to do", async () => {
    await parked("check_failed");
    const words = errorWords("check_failed", "zh")!;
    expect((await detail()).text()).toContain(words.remedy);
  });

  it("keeps a number a number when it is mended", async () => {
    const faults = [{ field: "check_in_accuracy_m", zh: "太大", en: "too large" }];
    await parked("check_failed", { faults } as never, { summary: "一", check_in_accuracy_m: 90_000 });
    const page = await detail();
    await page.get("[data-test=correct] input").setValue("90");
    await page.get("[data-test=correct]").trigger("submit");
    await vi.waitFor(() => expect(page.emitted("close")).toHaveLength(1), 20_000);
    expect(kept(phone).at(-1)!.now).toEqual({ summary: "一", check_in_accuracy_m: 90 });
  });
});

describe("what could not be kept", () => {
  const words = (error: unknown, language: "zh" | "en" = "zh"): string =>
    notKeptWords(error, (key) => (language === "zh" ? zh : en)["app"]![key.slice(4)]!, language);

  it("is said in words, never by a browser's name for it", () => {
    expect(words(new DOMException("", "QuotaExceededError"))).toBe(zh["app"]!["full"]);
    expect(words(new DOMException("", "VersionError"))).toContain(errorWords("store_newer", "zh")!.what);
    expect(words(new DOMException("", "UnknownError"), "en")).toContain(errorWords("store_away", "en")!.what);
    expect(words(new TypeError("x is not a function"), "en")).toBe(en["app"]!["notKept"]);
  });
});
