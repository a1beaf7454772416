/** The worker that keeps the app on the phone: what it stores, what it answers, and when it takes over. */
import { runInNewContext } from "node:vm";
import { beforeEach, describe, expect, it } from "vitest";

import SOURCE from "../public/sw.js?raw";

type Event = Record<string, unknown> & { waits: Promise<unknown>[]; answer: Promise<Response> | null };

/** What browsers give a worker, as far as this one asks for it. */
class Browser {
  readonly stored = new Map<string, string[]>();
  readonly asked: string[] = [];
  readonly done: string[] = [];
  readonly #hears: Record<string, (event: unknown) => void> = {};

  constructor(version: string, files: string[]) {
    const caches = {
      open: (name: string) =>
        Promise.resolve({ addAll: (all: string[]) => Promise.resolve(void this.stored.set(name, all)) }),
      keys: () => Promise.resolve([...this.stored.keys()]),
      delete: (name: string) => Promise.resolve(this.stored.delete(name)),
      match: (wanted: string | { url: string }) => {
        const path = typeof wanted === "string" ? wanted : new URL(wanted.url).pathname;
        const isHere = [...this.stored.values()].some((all) => all.includes(path));
        return Promise.resolve(isHere ? new Response(`kept ${path}`) : undefined);
      },
    };
    const self = {
      addEventListener: (name: string, hear: (event: unknown) => void) => (this.#hears[name] = hear),
      clients: { claim: () => this.done.push("claim") },
      skipWaiting: () => this.done.push("skip"),
    };
    const fetch = (request: { url: string }): Promise<Response> => {
      this.asked.push(new URL(request.url).pathname);
      return Promise.resolve(new Response("from the server"));
    };
    const code = SOURCE.replace("__PRECACHE__", JSON.stringify(files)).replace("__VERSION__", version);
    runInNewContext(code, { self, caches, fetch, URL, Promise, location: { origin: "https://here" } });
  }

  async tell(name: string, more: object = {}): Promise<Event> {
    const event: Event = { ...more, waits: [], answer: null };
    Object.assign(event, {
      waitUntil: (work: Promise<unknown>) => event.waits.push(work),
      respondWith: (answer: Promise<Response>) => (event.answer = answer),
    });
    this.#hears[name]!(event);
    await Promise.all(event.waits);
    return event;
  }

  async get(path: string, more: object = {}): Promise<string | null> {
    const url = path.startsWith("https:") ? path : `https://here${path}`;
    const { answer } = await this.tell("fetch", { request: { method: "GET", mode: "cors", url, ...more } });
    return answer ? (await answer).text() : null;
  }
}

let browser: Browser;
beforeEach(async () => {
  browser = new Browser("7", ["/m/", "/m/assets/app.js"]);
  await browser.tell("install");
});

describe("the app on the phone", () => {
  it("is stored whole when it is installed", () => {
    expect([...browser.stored]).toEqual([["app-7", ["/m/", "/m/assets/app.js"]]]);
  });

  it("opens at any of its addresses without a network", async () => {
    expect(await browser.get("/m/jobs/1", { mode: "navigate" })).toBe("kept /m/");
    expect(await browser.get("/m/assets/app.js")).toBe("kept /m/assets/app.js");
    expect(browser.asked).toEqual([]);
  });

  it("asks the server for what it has not", async () => {
    expect(await browser.get("/m/assets/later.js")).toBe("from the server");
    expect(browser.asked).toEqual(["/m/assets/later.js"]);
  });

  it.each([
    ["data", "/api/v1/sync/pull", {}],
    ["the office's pages", "/index.html", {}],
    ["another house", "https://elsewhere/m/", {}],
    ["what is written", "/m/", { method: "POST" }],
  ])("has no word in %s", async (_, path, more) => {
    expect(await browser.get(path, more)).toBeNull();
    expect(browser.asked).toEqual([]);
  });
});

describe("a new version", () => {
  it("throws away what older ones stored, and takes the pages over", async () => {
    browser.stored.set("app-6", ["/m/"]);
    await browser.tell("activate");
    expect([...browser.stored.keys()]).toEqual(["app-7"]);
    expect(browser.done).toEqual(["claim"]);
  });

  it("waits until the person says so", async () => {
    await browser.tell("message", { data: "something else" });
    expect(browser.done).toEqual([]);
    await browser.tell("message", { data: "take over" });
    expect(browser.done).toEqual(["skip"]);
  });
});
