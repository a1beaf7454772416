/** Where every piece of work is, what the server did not take, and how it is carried out by hand. */
import "fake-indexeddb/auto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Values } from "@wangge/shared/sync/canonical.ts";
import { LARGE } from "@wangge/shared/sync/disk.ts";
import type { Engine } from "@wangge/shared/sync/engine.ts";
import { Refused } from "@wangge/shared/sync/link.ts";
import { errorWords } from "@wangge/shared/vocabulary/words.ts";

import { shot } from "../../shared/tests/small_server.ts";
import { sync } from "../src/session.ts";
import Queue from "../src/views/Queue.vue";
import {
  answered,
  type HouseServer,
  now,
  openedBy,
  type Page,
  settled,
  shown,
  texts,
  toast,
} from "./phone_screen.ts";

let phone: Engine;
let server: HouseServer;
beforeEach(async () => {
  ({ phone, server } = await openedBy("representative"));
});
afterEach(() => void vi.restoreAllMocks());

async function click(page: Page, name: string): Promise<void> {
  await page.get(`[data-test=${name}]`).trigger("click");
  await settled(phone);
}
async function answer(id: string, outcome: object): Promise<void> {
  await phone.store.transaction(() =>
    phone.store.answer([{ id, ...outcome } as never], "2026-12-01T01:00:00.000000Z"),
  );
  await now();
}
const ids = (): string[] => phone.store.journal().map((one) => one.mutation.id);

describe("an empty queue", () => {
  it.each([
    ["zh", "没有待传的内容"],
    ["en", "Nothing to send"],
  ] as const)("says so in %s, and there is nothing to carry out", async (language, words) => {
    const { page } = await shown(Queue, {}, language);
    expect(page.get(".van-empty").text()).toBe(words);
    expect(page.get("[data-test=export]").attributes("disabled")).toBeDefined();
    expect(page.find("[data-test=waiting-list]").exists()).toBe(false);
  });
});

describe("work that waits", () => {
  it("is listed in its order, by kind, step and what was said", async () => {
    await phone.create("visit", { summary: "一", method: "door" });
    await phone.act("work_order", "j1", "accept");
    const { page } = await shown(Queue);
    const lines = texts(page, "[data-test=waiting-list] .van-cell");
    expect(lines[0]).toMatch(/走访 · 新建.*走访记录、方式.*待传/);
    expect(lines[1]).toMatch(/工单 · 接单/);
    const english = await shown(Queue, {}, "en");
    expect(texts(english.page, "[data-test=waiting-list] .van-cell")[0]).toMatch(/Visit · New/);
  });

  it("for another piece says so", async () => {
    await phone.create("visit", { summary: "一" });
    await answer(ids()[0]!, { status: "held" });
    const { page } = await shown(Queue);
    expect(page.get("[data-test=waiting-list]").text()).toContain("等待前一条");
  });

  it("because the server does not take it says why, beside that piece alone", async () => {
    await phone.create("visit", { summary: "一" });
    await phone.create("visit", { summary: "二" });
    await phone.store.transaction(() =>
      phone.store.setMeta({ refused: { [ids()[1]!]: { code: "too_large" } } }),
    );
    const { page } = await shown(Queue);
    const lines = texts(page, "[data-test=waiting-list] .van-cell");
    expect(lines[1]).toContain(errorWords("too_large", "zh")!.what);
    expect(lines[0]).not.toContain(errorWords("too_large", "zh")!.what);
  });

  it("goes when the network is back, and is listed as done", async () => {
    await phone.create("visit", { note: "one" });
    const { page } = await shown(Queue);
    await click(page, "sync-now");
    await vi.waitFor(() => expect([sync.isReachable, sync.isRunning]).toEqual([false, false]), 20_000);
    expect(page.find("[data-test=waiting-list]").exists()).toBe(true);
    server.isAway = false;
    await click(page, "sync-now");
    await vi.waitFor(() => expect([sync.isReachable, sync.isRunning]).toEqual([true, false]), 20_000);
    await settled(phone);
    expect(page.find("[data-test=waiting-list]").exists()).toBe(false);
    expect(texts(page, "[data-test=recent]")[0]).toMatch(/走访 · 新建.*已生效/);
    expect(server.taken).toEqual(["one"]);
  });
});

describe("work that is done", () => {
  it("shows how it ended, the newest first", async () => {
    for (const summary of ["一", "二", "三"]) await phone.create("visit", { summary });
    const [one, two, three] = ids();
    await answer(one!, { status: "applied" });
    await answer(two!, { status: "merged", detail: { met: ["summary"] } });
    await answer(three!, { status: "parked", code: "check_failed" });
    await answer(three!, { status: "parked", code: "check_failed", detail: { settles: [three] } });
    const { page } = await shown(Queue);
    const lines = texts(page, "[data-test=recent]");
    expect(lines[0]).toContain("已由您更正");
    expect(lines[1]).toMatch(/走访记录.*已合并/);
    expect(lines[2]).toContain("已生效");
  });

  it("opens beside what stands now", async () => {
    await phone.create("visit", { summary: "一" });
    await answer(ids()[0]!, { status: "applied" });
    const { page } = await shown(Queue);
    await click(page, "recent");
    expect(page.get("[data-test=work-detail]").text()).toContain("走访记录");
  });

  it("is at most fifty lines", async () => {
    await phone.store.transaction(() => {
      for (let n = 0; n < 55; n += 1) phone.enqueue("visit", `v${n}`, "change", { note: String(n) });
    });
    await phone.store.transaction(() =>
      phone.store.answer(
        ids().map((id) => ({ id, status: "applied" as const })),
        "2026-12-01T01:00:00.000000Z",
      ),
    );
    const { page } = await shown(Queue);
    expect(page.findAll("[data-test=recent]")).toHaveLength(50);
  });
});

describe("work that waits for a person", () => {
  it("says why and what to do, and opens to be mended", async () => {
    await phone.create("visit", { summary: "一" });
    const faults = [{ field: "summary", zh: "太短", en: "too short" }];
    await answer(ids()[0]!, { status: "parked", code: "check_failed", detail: { faults } });
    const { page } = await shown(Queue);
    const words = errorWords("check_failed", "zh")!;
    expect(page.get("[data-test=parked]").text()).toContain(words.what);
    expect(page.get("[data-test=parked]").text()).toContain(words.remedy);
    await page.get("[data-test=parked] .van-cell").trigger("click");
    await settled(phone);
    expect(page.get("[data-test=correct]").text()).toContain("太短");
  });

  it("of a newer server shows that server's code", async () => {
    await phone.create("visit", { summary: "一" });
    await answer(ids()[0]!, { status: "parked", code: "of_tomorrow" });
    const { page } = await shown(Queue);
    expect(page.get("[data-test=parked]").text()).toContain("of_tomorrow");
  });
});

describe("a fault of the whole round", () => {
  it("stands over the lists in words", async () => {
    sync.problem = { code: "store_full" };
    const { page } = await shown(Queue, {}, "en");
    const words = errorWords("store_full", "en")!;
    expect(page.get("[role=alert]").text()).toBe(`${words.what}。${words.remedy}`);
  });
});

describe("pictures", () => {
  it("show how far they are", async () => {
    const photo = await shot(phone, "x".repeat(2048));
    await phone.store.transaction(() => phone.store.setPhoto(photo, { sent: 1024 }));
    const { page } = await shown(Queue);
    expect(page.text()).toContain("1 kB / 2 kB");
    expect(page.get(".van-progress").text()).toBe("50%");
  });

  async function aside(code = "empty_file"): Promise<string> {
    const photo = await shot(phone, "picture");
    await phone.store.transaction(() =>
      phone.store.setPhoto(photo, { isAside: true, problem: { code }, tries: 2 }),
    );
    return photo;
  }

  it("that cannot go say why and can be tried again", async () => {
    const photo = await aside();
    const { page } = await shown(Queue);
    expect(page.get("[data-test=aside]").text()).toContain(errorWords("empty_file", "zh")!.what);
    await click(page, "try-again");
    expect(phone.store.photo(photo)).toMatchObject({ isAside: false, tries: 0, problem: null });
    expect(page.find("[data-test=aside]").exists()).toBe(false);
  });

  it("are taken out only when it is meant", async () => {
    const photo = await aside();
    const { page } = await shown(Queue);
    await page.get("[data-test=discard]").trigger("click");
    expect(await answered(false)).toContain("确定移除");
    await settled(phone);
    expect(phone.store.photosAside()).toHaveLength(1);
    await page.get("[data-test=discard]").trigger("click");
    await answered(true);
    await vi.waitFor(() => expect(phone.store.photosAside()).toEqual([]), 20_000);
    expect(await phone.store.photoBytes(photo)).toBeUndefined();
    expect(phone.store.photo(photo)!.isGone).toBe(true);
  });

  it("stay here on a mobile network where the person wants that, and work goes", async () => {
    const { page } = await shown(Queue);
    await page.get(".van-switch").trigger("click");
    await settled(phone);
    expect(phone.store.meta("wifiOnly", false)).toBe(true);
    expect(page.get(".van-switch").attributes("aria-checked")).toBe("true");
  });
});

describe("unsent work as a file", () => {
  async function carriedOut(page: Page): Promise<Values> {
    const files: Blob[] = [];
    vi.spyOn(URL, "createObjectURL").mockImplementation((file) => {
      files.push(file as Blob);
      return "blob:here";
    });
    const clicked = vi.spyOn(HTMLAnchorElement.prototype, "click").mockReturnValue();
    await page.get("[data-test=export]").trigger("click");
    await vi.waitFor(() => expect(clicked).toHaveBeenCalledTimes(1), 20_000);
    const link = clicked.mock.contexts[0] as HTMLAnchorElement;
    expect(link.download).toMatch(/^wangge-\d{12}\.json$/);
    return JSON.parse(await files[0]!.text()) as Values;
  }

  it("holds the work and the bytes of its pictures", async () => {
    await phone.create("visit", { summary: "一" });
    const photo = await shot(phone, "picture");
    const { page } = await shown(Queue);
    const file = await carriedOut(page);
    expect(file).toMatchObject({ wangge: "unsent work", schema: 1, author: "me" });
    expect((file["mutations"] as { kind: string }[]).map((one) => one.kind)).toEqual(["visit", "photo"]);
    expect(file["photos"]).toEqual({ [photo]: btoa("picture") });
    await vi.waitFor(() => expect(toast()).toBe("已导出 2 条"), 20_000);
  });

  it("holds everything else where one picture cannot be read", async () => {
    const [lost, good] = [await shot(phone, "lost"), await shot(phone, "good")];
    const real = phone.store.photoBytes.bind(phone.store);
    vi.spyOn(phone.store, "photoBytes").mockImplementation((id) =>
      id === lost ? Promise.reject(new DOMException("gone", "NotFoundError")) : real(id),
    );
    const { page } = await shown(Queue);
    const file = await carriedOut(page);
    expect(Object.keys(file["photos"] as object)).toEqual([good]);
    expect(file["mutations"]).toHaveLength(2);
  });

  it("is there also for pictures alone that cannot go", async () => {
    const photo = await shot(phone, "picture");
    server.isAway = false;
    server.ills.set(photo, new Refused(413, { code: "too_large" }));
    await phone.sync();
    await now();
    const { page } = await shown(Queue);
    expect(page.get("[data-test=export]").attributes("disabled")).toBeUndefined();
    expect((await carriedOut(page))["photos"]).toEqual({ [photo]: btoa("picture") });
    expect(LARGE + photo).toMatch(/^bytes\//);
  });
});
