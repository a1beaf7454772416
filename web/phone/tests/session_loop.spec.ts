/** The app round its screens: when it syncs, what it listens to, Wi-Fi alone, and a wipe from afar. */
import "fake-indexeddb/auto";
import { flushPromises } from "@vue/test-utils";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";

// What a guess costs is not what is tried here.
vi.mock("@wangge/shared/sync/vault.ts", () => ({
  newKey: () => Promise.resolve("key"),
  wrapKey: (key: string, secret: string) => Promise.resolve({ key, secret }),
  unwrapKey: (wrapped: { key: string }) => Promise.resolve(wrapped.key),
  sealedDisk: (disk: object) => disk,
}));
// Files share their modules: this one begins with its own, and leaves none behind.
vi.resetModules();
afterAll(() => void vi.resetModules());
const { forget, people } = await import("../src/person.ts");
const session = await import("../src/session.ts");
const { Engine } = await import("@wangge/shared/sync/engine.ts");
const { engine, lock, signIn, sync, syncNow, syncSoon } = session;

const SIGNED = {
  access_token: "a",
  refresh_token: "r",
  staff_id: "me",
  unit_id: "u",
  roles: ["crew_leader"],
};
let rounds: number;
let streams: AbortSignal[];
/** Ends the round that is on its way. */
let finish: (error?: Error) => void;
let isSlow: boolean;

beforeEach(async () => {
  [rounds, streams, isSlow, finish] = [0, [], false, () => undefined];
  vi.stubGlobal("fetch", (url: string, { signal }: { signal: AbortSignal }) => {
    if (url.endsWith("/sessions")) return Promise.resolve(Response.json(SIGNED));
    if (!url.endsWith("/sync/nudges")) return Promise.reject(new TypeError("no network"));
    streams.push(signal);
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));
  });
  vi.spyOn(Engine.prototype, "sync").mockImplementation(() => {
    rounds += 1;
    if (!isSlow) return Promise.resolve();
    return new Promise((done, fail) => (finish = (error) => (error ? fail(error) : done())));
  });
  await signIn("R101", "riverside", "1357");
  await idle();
  rounds = 0;
});
afterEach(async () => {
  finish();
  lock();
  await idle();
  vi.useRealTimers();
  vi.restoreAllMocks();
  for (const one of await people()) await forget(one);
});

const idle = async (): Promise<void> => {
  await flushPromises();
  if (!isSlow) await vi.waitFor(() => expect(sync.isRunning).toBe(false), 20_000);
};
function see(state: "visible" | "hidden"): void {
  vi.spyOn(document, "visibilityState", "get").mockReturnValue(state);
  document.dispatchEvent(new Event("visibilitychange"));
}

describe("rounds of handing in and fetching", () => {
  it("are one for several pieces that were kept together", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    for (let n = 0; n < 5; n += 1) {
      syncSoon();
      vi.advanceTimersByTime(700);
    }
    expect(rounds).toBe(0);
    vi.advanceTimersByTime(100);
    expect(rounds).toBe(1);
    vi.useRealTimers();
    await idle();
  });

  it("never run beside each other; what was asked meanwhile follows", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    isSlow = true;
    const first = syncNow();
    await syncNow();
    await syncNow();
    expect([rounds, sync.isRunning]).toEqual([1, true]);
    isSlow = false;
    finish();
    await first;
    vi.advanceTimersByTime(800);
    expect(rounds).toBe(2);
    vi.useRealTimers();
    await idle();
  });

  it("come with the network and with whoever looks at the app again", async () => {
    window.dispatchEvent(new Event("online"));
    await idle();
    expect(rounds).toBe(1);
    see("visible");
    await idle();
    expect(rounds).toBe(2);
  });

  it("that the phone itself failed in say so by name", async () => {
    vi.mocked(Engine.prototype.sync).mockRejectedValueOnce(new DOMException("full", "QuotaExceededError"));
    await syncNow();
    expect(sync.problem).toMatchObject({ code: "store_full" });
    await syncNow();
    // The answer of the next round is another one: no network for the seals.
    expect(sync.isRunning).toBe(false);
  });
});

describe("news from the server", () => {
  it("are listened to while somebody looks, and by one stream alone", async () => {
    expect(streams.filter((one) => !one.aborted)).toHaveLength(1);
    window.dispatchEvent(new Event("online"));
    await idle();
    expect(streams.filter((one) => !one.aborted)).toHaveLength(1);
  });

  it("are not listened to in a pocket, nor on a locked phone", async () => {
    see("hidden");
    await idle();
    expect(streams.every((one) => one.aborted)).toBe(true);
    see("visible");
    await idle();
    expect(streams.at(-1)!.aborted).toBe(false);
    lock();
    expect(streams.at(-1)!.aborted).toBe(true);
  });
});

describe("pictures over Wi-Fi alone", () => {
  const over = (type: string | undefined): void => {
    Object.defineProperty(navigator, "connection", { value: type && { type }, configurable: true });
  };
  afterEach(() => over(undefined));

  it.each([
    ["cellular", false],
    ["wifi", true],
    ["ethernet", true],
    // Where the browser does not tell, nobody's pictures stay for ever.
    [undefined, true],
  ])("go over %s: %s", async (type, mayGo) => {
    over(type);
    expect(engine.value!.mayUpload()).toBe(true);
    session.keepWifiOnly(true);
    await vi.waitFor(() => expect(session.wifiOnly.value).toBe(true), 20_000);
    expect(engine.value!.mayUpload()).toBe(mayGo);
  });
});

describe("a phone whose store was wiped from afar", () => {
  it("shows nothing of it any more", async () => {
    const reload = vi.spyOn(location, "reload").mockReturnValue();
    await engine.value!.store.transaction(() => engine.value!.store.setMeta({ anything: 1 }));
    expect(reload).not.toHaveBeenCalled();
    await engine.value!.store.rows.wipe();
    expect(reload).toHaveBeenCalledTimes(1);
  });
});

describe("what screens ask of the whole", () => {
  it("is whether everything has come, and which cells are mine", async () => {
    const { store } = engine.value!;
    expect([session.isReady.value, session.isMyCell("c1")]).toEqual([false, false]);
    await store.transaction(() =>
      store.setMeta({ complete: { 0: true, 1: true, 2: false }, scopes: [{ scope: "cell:c1" }] }),
    );
    expect([session.isReady.value, session.isMyCell("c1"), session.isMyCell("c2")]).toEqual([
      false,
      true,
      false,
    ]);
    await store.transaction(() => store.setMeta({ complete: { 0: true, 1: true, 2: true } }));
    expect(session.isReady.value).toBe(true);
  });

  it("is nothing on a locked phone", () => {
    lock();
    expect([session.isReady.value, session.myId.value, session.roles.value]).toEqual([false, "", []]);
    expect(session.readDraft("job/1")).toBeNull();
    session.keepDraft("job/1", { a: 1 });
    session.dropDraft("job/1");
  });
});
