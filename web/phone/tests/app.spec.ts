/** The frame round every screen: two windows, no https, a new version, the tabs; and a shut phone. */
import "fake-indexeddb/auto";
import { flushPromises, mount } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { createMemoryHistory, createRouter, type RouteRecordRaw } from "vue-router";

import { makeI18n } from "@wangge/shared/i18n.ts";
import type { Engine } from "@wangge/shared/sync/engine.ts";

import { shot } from "../../shared/tests/small_server.ts";
import App from "../src/App.vue";
import { en } from "../src/en/index.ts";
import { router as real } from "../src/router.ts";
import { engine, sync } from "../src/session.ts";
import { zh } from "../src/zh/index.ts";
import { now, openedBy, settled, stand } from "./phone_screen.ts";

let phone: Engine;
/** A second window takes the lock away. */
let steal: () => void;
beforeEach(async () => {
  ({ phone } = await openedBy("representative"));
  const request = (_name: string, _how: object, work: () => Promise<never>): Promise<never> =>
    new Promise((_, reject) => {
      steal = () => reject(new DOMException("stolen", "AbortError"));
      void work();
    });
  Object.defineProperty(navigator, "locks", { value: { request }, configurable: true });
  vi.stubGlobal("isSecureContext", true);
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

async function app(path = "/", language: "zh" | "en" = "zh") {
  localStorage.setItem("wangge.language", language);
  const routes = real.options.routes as RouteRecordRaw[];
  const router = createRouter({ history: createMemoryHistory(), routes });
  await router.push(path);
  const page = mount(App, { global: { plugins: [router, makeI18n(zh, en)], stubs: { teleport: true } } });
  onTestFinished(() => page.unmount());
  await flushPromises();
  return { page, router };
}

describe("the frame", () => {
  it("leads from tab to tab, and says what waits", async () => {
    await phone.create("visit", { summary: "一" });
    await shot(phone, "a picture");
    const { page, router } = await app();
    expect(page.findAll(".van-tabbar-item").map((one) => one.text())).toEqual([
      "今日",
      "地图",
      "客户",
      "3上传",
      "我的",
    ]);
    await page.findAll(".van-tabbar-item")[2]!.trigger("click");
    await vi.waitFor(() => expect(router.currentRoute.value.path).toBe("/customers"), 20_000);
    await settled(phone);
    expect(page.get("[data-test=found]").text()).toBe("0 户");
  });

  it("is in English where the phone is", async () => {
    const { page } = await app("/", "en");
    expect(page.findAll(".van-tabbar-item").map((one) => one.text())).toEqual([
      "Today",
      "Map",
      "Customers",
      "Uploads",
      "Me",
    ]);
  });

  it("leaves the whole screen to a piece of work", async () => {
    await stand(phone, "customer", { id: "k1", name: "王小一" });
    const { page } = await app("/customers/k1");
    expect(page.find(".van-tabbar").exists()).toBe(false);
    expect(page.text()).toContain("王小一");
    expect(page.find("[data-test=state-bar]").exists()).toBe(true);
  });

  it("leads an address of nothing to the day", async () => {
    expect((await app("/nowhere/at/all")).router.currentRoute.value.path).toBe("/");
  });

  it("asks who it is while nobody has opened the phone", async () => {
    engine.value = null;
    const { page } = await app();
    expect(page.find("main.enter").exists()).toBe(true);
    expect(page.find("[data-test=state-bar]").exists()).toBe(false);
    await page.get("button.language").trigger("click");
    expect(page.get("h1").text()).toBe("Wangge · in the field");
    expect(localStorage.getItem("wangge.language")).toBe("en");
  });
});

describe("two windows", () => {
  it("never work at once: the older one stops and says where the work is", async () => {
    const { page } = await app();
    steal();
    await now();
    expect(engine.value).toBeNull();
    expect(page.get("h1").text()).toBe("已在另一个窗口打开");
    expect(page.find("[data-test=state-bar]").exists()).toBe(false);
  });

  it("change places with a tap", async () => {
    const { page } = await app("/", "en");
    steal();
    await now();
    const reload = vi.spyOn(location, "reload").mockReturnValue();
    await page.get("button").trigger("click");
    expect(page.get("button").text()).toBe("Use it here");
    expect(reload).toHaveBeenCalledTimes(1);
  });
});

describe("a page without https", () => {
  it("says that it cannot work so, and takes no work", async () => {
    vi.stubGlobal("isSecureContext", false);
    const { page } = await app();
    expect(page.get("p.bad").text()).toContain("https");
    expect(page.find("[data-test=state-bar]").exists()).toBe(false);
  });
});

describe("a new version", () => {
  it("is offered on a tab, and comes when the person says so", async () => {
    const told: unknown[] = [];
    const worker = {
      getRegistration: () => Promise.resolve({ waiting: { postMessage: (one: unknown) => told.push(one) } }),
    };
    Object.defineProperty(navigator, "serviceWorker", { value: worker, configurable: true });
    const { page } = await app();
    expect(page.find(".update").exists()).toBe(false);
    sync.isUpdateReady = true;
    await flushPromises();
    expect(page.get(".update").text()).toContain("有新版本");
    await page.get(".update button").trigger("click");
    await flushPromises();
    expect(told).toEqual(["take over"]);
    Reflect.deleteProperty(navigator, "serviceWorker");
  });

  it("is never offered in the middle of a form", async () => {
    sync.isUpdateReady = true;
    await stand(phone, "visit", { id: "v1", state: "planned" });
    const { page } = await app("/visits/v1");
    expect(page.find(".update").exists()).toBe(false);
  });
});
