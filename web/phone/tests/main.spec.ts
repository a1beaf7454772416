/** The phone app as it begins: its words, what could not be kept, and new versions from its worker. */
import "fake-indexeddb/auto";
import { flushPromises } from "@vue/test-utils";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { App } from "vue";
import type { Router } from "vue-router";

import { nothingSaid, toast } from "./phone_screen.ts";

/** Something that tells, as workers and their registrations do. */
class Teller extends EventTarget {
  tell(name: string): void {
    this.dispatchEvent(new Event(name));
  }
}
type Registration = Teller & { waiting: object | null; installing: Teller | null };

let address: string;
let home: HTMLElement & { __vue_app__?: App };
/** The worker's own side; without a controller no worker has the page yet. */
let worker: Teller & { controller: object | null };
let registration: Registration;
let registered: unknown[][];
let reload: ReturnType<typeof vi.spyOn>;
const own = window.__wangge;

beforeEach(() => {
  address = location.href;
  home = document.createElement("div");
  home.id = "app";
  document.body.append(home);
  registered = [];
  registration = Object.assign(new Teller(), { waiting: null, installing: null });
  worker = Object.assign(new Teller(), {
    controller: {},
    register: (...given: unknown[]) => {
      registered.push(given);
      return Promise.resolve(registration);
    },
  });
  const locks = { request: () => new Promise(() => undefined) };
  Object.defineProperty(navigator, "locks", { value: locks, configurable: true });
  Object.defineProperty(navigator, "serviceWorker", { value: worker, configurable: true });
  vi.stubGlobal("isSecureContext", true);
  vi.stubEnv("DEV", false);
  reload = vi.spyOn(location, "reload").mockReturnValue();
  nothingSaid();
});
afterEach(() => {
  const router = home.__vue_app__?.config.globalProperties["$router"] as Router | undefined;
  home.__vue_app__?.unmount();
  router?.options.history.destroy();
  home.remove();
  history.replaceState(null, "", address);
  nothingSaid();
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});
// Each beginning has modules of its own, and leaves none behind.
afterAll(() => {
  window.__wangge = own;
  vi.resetModules();
});

/** The app as a browser begins it; `isOpen` where somebody has opened the phone already. */
async function begun(language: "zh" | "en" = "zh", isOpen = false) {
  localStorage.setItem("wangge.language", language);
  vi.resetModules();
  const session = await import("../src/session.ts");
  if (isOpen) await (await import("./phone_screen.ts")).openedBy("representative");
  await import("../src/main.ts");
  await flushPromises();
  return session;
}
const text = (selector: string): string | undefined =>
  home.querySelector(selector)?.textContent?.trim().replace(/\s+/g, " ");

describe("the app", () => {
  it.each([
    ["zh", "zh-CN", "网格 · 现场服务"],
    ["en", "en", "Wangge · in the field"],
  ] as const)(
    "begins in %s as the phone was left, and says so to its browser",
    async (language, lang, name) => {
      await begun(language);
      expect(text("h1")).toBe(name);
      expect(document.documentElement.lang).toBe(lang);
    },
  );
});

describe("what could not be kept", () => {
  it.each([
    ["zh", "QuotaExceededError", "The phone is full: this was not kept. Send your work or make room"],
    ["en", "QuotaExceededError", "手机存储已满，没有保存。请先上传或清理空间"],
    ["zh", "SomethingElse", "This was not kept; please try again"],
  ] as const)("is said in the language that is read now (from %s, %s)", async (language, name, words) => {
    await begun(language);
    const logged = vi.spyOn(console, "error").mockReturnValue();
    const error = new DOMException("no", name);
    const setItem = (): never => {
      throw error;
    };
    vi.stubGlobal("localStorage", { setItem });
    // The other language is shown, but not kept.
    home.querySelector<HTMLElement>("button.language")!.click();
    await vi.waitFor(() => expect(toast()).toContain(words));
    expect(logged.mock.calls).toEqual([[error]]);
  });
});

describe("a new version", () => {
  const isOffered = (): boolean => home.querySelector(".update") !== null;

  it("is looked for by the phone's own worker, in its own folder", async () => {
    await begun();
    expect(registered).toEqual([["/m/sw.js", { scope: "/m/" }]]);
  });

  it("is not looked for while the app is being written", async () => {
    vi.stubEnv("DEV", true);
    await begun();
    expect(registered).toEqual([]);
  });

  it.each([
    ["zh", "有新版本"],
    ["en", "New version"],
  ] as const)("that waits already is offered in %s", async (language, words) => {
    registration.waiting = {};
    await begun(language, true);
    expect(text(".update")).toContain(words);
  });

  it("is none where no worker had the page before: that one is the first", async () => {
    worker.controller = null;
    registration.waiting = {};
    await begun("zh", true);
    expect(isOffered()).toBe(false);
  });

  it("that comes while the app is open is offered once it is whole", async () => {
    await begun("zh", true);
    registration.installing = new Teller();
    registration.tell("updatefound");
    registration.installing.tell("statechange");
    await flushPromises();
    expect(isOffered()).toBe(false);
    registration.waiting = {};
    registration.installing.tell("statechange");
    await flushPromises();
    expect(isOffered()).toBe(true);
  });

  it("takes the page over anew only where it was offered; the first worker takes it as it is", async () => {
    const { sync } = await begun("zh", true);
    worker.tell("controllerchange");
    expect(reload).not.toHaveBeenCalled();
    sync.isUpdateReady = true;
    worker.tell("controllerchange");
    expect(reload).toHaveBeenCalledTimes(1);
  });
});
