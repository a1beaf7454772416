/**
 * The phone's addresses: which screen each opens, what a shut phone shows there, and where a wrong one
 * leads.
 */
import "fake-indexeddb/auto";
import { flushPromises, mount } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { createMemoryHistory, createRouter, type RouteRecordRaw } from "vue-router";

import { makeI18n } from "@wangge/shared/i18n.ts";
import type { Engine } from "@wangge/shared/sync/engine.ts";

import App from "../src/App.vue";
import { en } from "../src/en/index.ts";
import { router as real } from "../src/router.ts";
import { engine, lock } from "../src/session.ts";
import Customer from "../src/views/Customer.vue";
import Customers from "../src/views/Customers.vue";
import Item from "../src/views/Item.vue";
import Job from "../src/views/Job.vue";
import Me from "../src/views/Me.vue";
import Queue from "../src/views/Queue.vue";
import Survey from "../src/views/Survey.vue";
import Today from "../src/views/Today.vue";
import Visit from "../src/views/Visit.vue";
import { zh } from "../src/zh/index.ts";
import { now, openedBy, settled, stand } from "./phone_screen.ts";

/** Every address but the map's, whose screen comes when it is first looked at; and its tab, if it is one. */
const SCREENS = [
  ["/", Today, "today"],
  ["/customers", Customers, "customers"],
  ["/customers/k1", Customer, undefined],
  ["/jobs/j1", Job, undefined],
  ["/visits/v1", Visit, undefined],
  ["/surveys/q1", Survey, undefined],
  ["/items/i1", Item, undefined],
  ["/queue", Queue, "queue"],
  ["/me", Me, "me"],
] as const;

let phone: Engine;
beforeEach(async () => {
  ({ phone } = await openedBy("representative", "crew_leader"));
  const request = () => new Promise(() => undefined);
  Object.defineProperty(navigator, "locks", { value: { request }, configurable: true });
  const storage = { persisted: () => Promise.resolve(true), estimate: () => Promise.resolve({}) };
  Object.defineProperty(navigator, "storage", { value: storage, configurable: true });
  vi.stubGlobal("isSecureContext", true);
});
afterEach(() => {
  engine.value = null;
});

async function app(path: string, language: "zh" | "en" = "zh") {
  localStorage.setItem("wangge.language", language);
  const routes = real.options.routes as RouteRecordRaw[];
  const router = createRouter({ history: createMemoryHistory(), routes });
  await router.push(path);
  const page = mount(App, { global: { plugins: [router, makeI18n(zh, en)], stubs: { teleport: true } } });
  onTestFinished(() => page.unmount());
  await flushPromises();
  return { page, router };
}
type Page = Awaited<ReturnType<typeof app>>["page"];
const isEntering = (page: Page): boolean => page.find("main.enter").exists();
const customer = { id: "k1", name: "王小一" };

describe("an address", () => {
  it.each(SCREENS)(
    "%s opens its screen, and stands under its tab if it has one",
    async (path, screen, tab) => {
      const { page } = await app(path);
      expect(page.findComponent(screen).exists()).toBe(true);
      expect(page.find(".van-tabbar").exists()).toBe(tab !== undefined);
      expect(real.resolve(path).meta["tab"]).toBe(tab);
    },
  );

  it("of every tab is one of the frame's, so that each can be left again", async () => {
    const { page } = await app("/");
    const tabs = real.getRoutes().flatMap((one) => (one.meta["tab"] ? [one.path] : []));
    expect(tabs).toHaveLength(page.findAll(".van-tabbar-item").length);
    expect(tabs.sort()).toEqual(["/", "/customers", "/map", "/me", "/queue"]);
  });

  it("is one of the phone's own folder, which its worker keeps", () => {
    expect(real.resolve("/jobs/j1").href).toBe("/m/jobs/j1");
    expect(real.resolve("/").href).toBe("/m/");
  });

  it("brings the record's id as it is written, whatever signs are in it", () => {
    expect(real.resolve("/customers/%E7%8E%8B%201").params).toEqual({ id: "王 1" });
  });

  it.each(["/nowhere", "/jobs", "/jobs/j1/more", "/visits/", "/records/x?y=1"])(
    "of nothing leads to the day: %s",
    async (path) => {
      const { page, router } = await app(path);
      expect(router.currentRoute.value.path).toBe("/");
      expect(page.findComponent(Today).exists()).toBe(true);
    },
  );

  it("of the map fetches its screen when it is first looked at", () => {
    const map = real.getRoutes().find((one) => one.path === "/map")!;
    expect(typeof map.components!["default"]).toBe("function");
    for (const one of real.getRoutes().filter((found) => found.components && found.path !== "/map"))
      expect(typeof one.components!["default"]).toBe("object");
  });

  it("is where a person was on the page when they come back, and at its top when they come anew", () => {
    const scroll = real.options.scrollBehavior!;
    const [to, from] = [real.resolve("/customers"), real.resolve("/customers/k1")] as never[];
    expect(scroll(to!, from!, { left: 0, top: 640 })).toEqual({ left: 0, top: 640 });
    expect(scroll(to!, from!, null)).toEqual({ top: 0 });
  });
});

describe("a phone that nobody has opened", () => {
  it.each(SCREENS)("asks at %s who it is, and shows nothing of the work", async (path, screen) => {
    await stand(phone, "customer", customer);
    engine.value = null;
    const { page, router } = await app(path);
    expect(isEntering(page)).toBe(true);
    expect(page.findComponent(screen).exists()).toBe(false);
    expect(page.text()).not.toContain("王小一");
    expect(page.find(".van-tabbar").exists()).toBe(false);
    expect(router.currentRoute.value.path).toBe(path);
  });

  it("opens where it was asked to, once it is opened", async () => {
    await stand(phone, "customer", customer);
    engine.value = null;
    const { page } = await app("/customers/k1");
    engine.value = phone;
    await now();
    expect(isEntering(page)).toBe(false);
    expect(page.text()).toContain("王小一");
  });

  it("is shut at once by its person, whichever screen stands there", async () => {
    await stand(phone, "customer", customer);
    const { page, router } = await app("/customers/k1");
    expect(page.text()).toContain("王小一");
    lock();
    await flushPromises();
    expect([isEntering(page), page.text().includes("王小一")]).toEqual([true, false]);
    await router.push("/queue");
    await flushPromises();
    expect([isEntering(page), page.findComponent(Queue).exists()]).toEqual([true, false]);
  });
});

describe("from screen to screen", () => {
  it("each record has its own, although the screen is the same", async () => {
    await stand(phone, "customer", customer, { id: "k2", name: "李小二" });
    const { page, router } = await app("/customers/k1");
    await router.push("/customers/k2");
    await settled(phone);
    expect(page.text()).toContain("李小二");
    expect(page.text()).not.toContain("王小一");
  });

  it("a test goes without a tap, and sees the engine that the screens work on", async () => {
    const before = location.href;
    onTestFinished(() => history.replaceState(null, "", before));
    await window.__wangge.go("/queue");
    expect(real.currentRoute.value.path).toBe("/queue");
    expect(window.__wangge.engine()).toBe(phone);
    engine.value = null;
    expect(window.__wangge.engine()).toBeNull();
    await real.push("/");
  });
});
