/** Who I am on this phone: my shift, who looked at my positions, the storage, the language and the lock. */
import "fake-indexeddb/auto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Engine } from "@wangge/shared/sync/engine.ts";

import { engine } from "../src/session.ts";
import Me from "../src/views/Me.vue";
import {
  type HouseServer,
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
let server: HouseServer;
let isPersisted: boolean;
beforeEach(async () => {
  ({ phone, server } = await openedBy("representative", "supervisor"));
  isPersisted = false;
  const storage = {
    persisted: () => Promise.resolve(isPersisted),
    persist: () => Promise.resolve((isPersisted = true)),
    estimate: () => Promise.resolve({ usage: 12_340_000, quota: 2_000_000_000 }),
  };
  Object.defineProperty(navigator, "storage", { value: storage, configurable: true });
  satellite([120.38, 36.07]);
});
afterEach(() => void vi.restoreAllMocks());

async function turn(page: Page): Promise<void> {
  await page.get("[data-test=shift-turn]").trigger("click");
  await settled(phone);
  await settled(phone);
}

describe("who I am", () => {
  it("is my name and my roles in words", async () => {
    await stand(phone, "staff", { id: ME, name: "李代表" });
    const { page } = await shown(Me);
    expect(page.text()).toContain("李代表");
    expect(page.text()).toContain("客户代表、主管");
    expect((await shown(Me, {}, "en")).page.text()).toContain("Representative、Supervisor");
  });

  it("names my cells, and no others", async () => {
    await stand(phone, "cell", { id: "c1", name: "试验一格" }, { id: "c2", name: "别人的格" });
    const { page } = await shown(Me);
    expect(page.text()).toContain("试验一格");
    expect(page.text()).not.toContain("别人的格");
  });

  it("is ready to leave only when everything has come", async () => {
    await stand(phone, "cell", { id: "c1", name: "试验一格" });
    const { page } = await shown(Me);
    expect(page.get("[data-test=ready]").text()).toBe("还没下载完，请先别离开网络1");
    await phone.store.transaction(() => phone.store.setMeta({ complete: { 0: true, 1: true, 2: true } }));
    await settled(phone);
    expect(page.get("[data-test=ready]").text()).toBe("可以出发1");
  });
});

describe("my shift", () => {
  it("begins with a record of mine, and one position", async () => {
    const { page } = await shown(Me);
    expect(page.get("[data-test=shift]").text()).toContain("只在上岗期间");
    await turn(page);
    const [duty] = kept(phone, "duty");
    expect(duty).toMatchObject({ op: "create", now: { staff_id: ME } });
    expect(duty!.now["started_at"]).toMatch(/^\d{4}-/);
    expect(page.get("[data-test=shift]").text()).toContain("在岗");
    expect(phone.store.meta("positions", [])).toMatchObject([{ event: "shift_start" }]);
  });

  it("ends the one that is open, and mine alone", async () => {
    await stand(
      phone,
      "duty",
      { id: "d1", staff_id: "other", started_at: "2026-12-01T00:00:00Z" },
      { id: "d2", staff_id: ME, started_at: "2026-12-01T00:30:00Z" },
    );
    const { page } = await shown(Me);
    expect(page.get("[data-test=shift]").text()).toContain("12/1 08:30");
    await turn(page);
    expect(kept(phone, "duty")).toMatchObject([{ op: "change", record: "d2" }]);
    expect(page.get("[data-test=shift]").text()).toContain("未上岗");
    expect(phone.store.meta("positions", [])).toMatchObject([{ event: "shift_end" }]);
  });

  it("waits for no satellite", async () => {
    satellite(null);
    const { page } = await shown(Me);
    await turn(page);
    expect(kept(phone, "duty")).toHaveLength(1);
    expect(phone.store.meta("positions", [])).toEqual([]);
  });
});

describe("who looked at my positions", () => {
  const ask = async (page: Page): Promise<void> => {
    const line = page.findAll(".van-cell").find((one) => /谁看过|Who looked/.test(one.text()))!;
    await line.trigger("click");
    await settled(phone);
  };

  it("needs a network, and says so", async () => {
    const { page } = await shown(Me);
    await ask(page);
    expect(toast()).toBe("联网后可查");
  });

  it("is everybody with their reason, or nobody", async () => {
    server.isAway = false;
    let looks: object[] = [];
    server.answers["GET /positions/looks"] = () => Response.json(looks);
    const { page } = await shown(Me);
    await ask(page);
    expect(page.text()).toContain("没有人看过");
    looks = [{ at: "2026-12-01T01:05:00Z", by: "赵主管", reason: "查投诉" }];
    await ask(page);
    for (const text of ["赵主管", "查投诉", "12/1 09:05"]) expect(page.text()).toContain(text);
    expect(page.text()).not.toContain("没有人看过");
  });
});

describe("this phone", () => {
  it("says how much it holds, and asks for protection once", async () => {
    const { page } = await shown(Me);
    expect(page.text()).toContain("12.3 / 2000 MB");
    expect(page.text()).toContain("存储未受保护");
    await page
      .findAll("button")
      .find((one) => one.text() === "申请保护")!
      .trigger("click");
    await settled(phone);
    expect(page.text()).toContain("存储受保护");
    expect(page.findAll("button").some((one) => one.text() === "申请保护")).toBe(false);
  });

  it("asks to be put on the home screen, until it is", async () => {
    expect((await shown(Me)).page.text()).toContain("添加到主屏幕");
    vi.spyOn(window, "matchMedia").mockReturnValue({ matches: true } as MediaQueryList);
    expect((await shown(Me)).page.text()).not.toContain("添加到主屏幕");
  });

  it("speaks the other language with a tap, and remembers it", async () => {
    const { page } = await shown(Me);
    await page.get("[data-test=language]").trigger("click");
    expect(page.get("h1").text()).toBe("Me");
    expect([localStorage.getItem("wangge.language"), document.documentElement.lang]).toEqual(["en", "en"]);
    await page.get("[data-test=language]").trigger("click");
    expect(page.get("h1").text()).toBe("我的");
    expect(document.documentElement.lang).toBe("zh-CN");
  });

  it("is locked with a tap: nothing of it is held any more", async () => {
    const { page } = await shown(Me);
    await page.get("[data-test=lock]").trigger("click");
    expect(engine.value).toBeNull();
  });
});
