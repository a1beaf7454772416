/** Signing in, the PIN, and everything that stands in the way: no network, another password, a full phone. */
import "fake-indexeddb/auto";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";

// What a guess costs is not what is tried here.
vi.mock("@wangge/shared/sync/vault.ts", () => ({
  newKey: () => Promise.resolve("key"),
  wrapKey: (key: string, secret: string) => Promise.resolve({ key, secret }),
  unwrapKey: (wrapped: { key: string; secret: string }, secret: string) =>
    wrapped.secret === secret ? Promise.resolve(wrapped.key) : Promise.reject(new Error("OperationError")),
  sealedDisk: (disk: object) => disk,
}));
// Files share their modules: this one begins with its own, and leaves none behind.
vi.resetModules();
afterAll(() => void vi.resetModules());
const { forget, people } = await import("../src/person.ts");
const { engine, lock, signIn, signInAgain, sync } = await import("../src/session.ts");
const { default: Enter } = await import("../src/views/Enter.vue");
const { nothingSaid, now, shown, toast } = await import("./phone_screen.ts");
const { Engine } = await import("@wangge/shared/sync/engine.ts");

type Page = Awaited<ReturnType<typeof shown>>["page"];
const SIGNED = {
  access_token: "a",
  refresh_token: "r",
  staff_id: "me",
  unit_id: "u",
  roles: ["crew_leader"],
};
let answer: (path: string, body: { login: string; password: string }) => Response;
let asked: string[];

beforeEach(() => {
  asked = [];
  answer = () => Response.json(SIGNED);
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
    asked.push(url);
    if (!url.endsWith("/sessions")) throw new TypeError("no network");
    return answer(url, JSON.parse(String(init.body)) as never);
  });
  vi.spyOn(Engine.prototype, "sync").mockResolvedValue();
  nothingSaid();
});
afterEach(async () => {
  lock();
  vi.restoreAllMocks();
  for (const one of await people()) await forget(one);
});

/** The screen, once it knows who is known here. */
async function entered(language: "zh" | "en" = "zh"): Promise<Page> {
  const { page } = await shown(Enter, {}, language);
  await vi.waitFor(() => expect(page.find("form").exists()).toBe(true), 20_000);
  return page;
}
async function fill(page: Page, values: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(values)) await page.get(`[name=${name}]`).setValue(text);
}
async function send(page: Page): Promise<void> {
  await page.get("form").trigger("submit");
  await vi.waitFor(() => expect(page.find(".van-button--loading").exists()).toBe(false), 20_000);
  await now();
}
const FIRST = { login: " R101 ", password: "riverside", pin: "1357", "pin-again": "1357" };
const alert = (page: Page): string => page.get("[role=alert]").text();
async function known(): Promise<void> {
  await signIn("R101", "riverside", "1357");
  lock();
}

describe("the first sign-in", () => {
  it("makes a store of one's own, opened by the PIN", async () => {
    const page = await entered();
    await fill(page, FIRST);
    await send(page);
    expect(engine.value!.staffId).toBe("me");
    expect((await people()).map((one) => one.login)).toEqual(["R101"]);
    expect(engine.value!.store.meta("roles", [])).toEqual(["crew_leader"]);
  });

  it.each([
    [{ pin: "123", "pin-again": "123" }, "PIN 要 4–8 位数字"],
    [{ pin: "12ab", "pin-again": "12ab" }, "PIN 要 4–8 位数字"],
    [{ pin: "1357", "pin-again": "1358" }, "两次 PIN 不一致"],
  ])("with %j asks nobody", async (changed, words) => {
    const page = await entered();
    await fill(page, { ...FIRST, ...changed });
    await send(page);
    expect([toast(), asked, await people()]).toEqual([words, [], []]);
  });

  it("needs a network, and leaves nothing behind without one", async () => {
    answer = () => {
      throw new TypeError("no network");
    };
    const page = await entered();
    await fill(page, FIRST);
    await send(page);
    expect(alert(page)).toBe("首次登录需要网络");
    expect([await people(), engine.value]).toEqual([[], null]);
  });

  it("that is refused says why and what to do, in the language of the phone", async () => {
    answer = () => Response.json({ code: "wrong_password" }, { status: 401 });
    const page = await entered("en");
    await fill(page, FIRST);
    await send(page);
    expect(alert(page)).not.toBe("");
    expect(alert(page)).not.toMatch(/[一-鿿]/);
    expect(await people()).toEqual([]);
    expect(page.get<HTMLInputElement>("[name=pin]").element.value).toBe("");
    expect(page.get<HTMLInputElement>("[name=login]").element.value).toBe(" R101 ");
  });
});

describe("a phone that knows somebody", () => {
  beforeEach(known);

  it("opens with the PIN, without any network", async () => {
    asked = [];
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("no network")));
    const page = await entered();
    expect(page.text()).toContain("R101");
    await fill(page, { pin: "1357" });
    await send(page);
    expect(engine.value!.staffId).toBe("me");
  });

  it("says that the PIN is wrong, and until when to wait after some tries", async () => {
    const page = await entered();
    for (let n = 0; n < 4; n += 1) {
      await fill(page, { pin: "0000" });
      await send(page);
      expect(alert(page)).toBe("PIN 不对");
    }
    await fill(page, { pin: "0000" });
    await send(page);
    expect(alert(page)).toMatch(/^PIN 不对次数太多，请等到 \d\d:\d\d$/);
    expect(engine.value).toBeNull();
  });

  it("opens by the password where the PIN is forgotten, and keeps the new PIN", async () => {
    const page = await entered();
    await page
      .findAll("button")
      .find((one) => one.text() === "忘记 PIN，用密码登录")!
      .trigger("click");
    expect(page.get<HTMLInputElement>("[name=login]").element.value).toBe("R101");
    await fill(page, { password: "riverside", pin: "2468", "pin-again": "2468" });
    await send(page);
    expect(engine.value!.staffId).toBe("me");
    lock();
    const again = await entered();
    await fill(again, { pin: "2468" });
    await send(again);
    expect(engine.value).not.toBeNull();
  });

  it("keeps the records shut to a password that is another one", async () => {
    asked = [];
    const page = await entered();
    await page
      .findAll("button")
      .find((one) => one.text() === "忘记 PIN，用密码登录")!
      .trigger("click");
    await fill(page, { password: "mountain", pin: "2468", "pin-again": "2468" });
    await send(page);
    expect(alert(page)).toContain("密码与上次不同");
    expect([asked, engine.value]).toEqual([[], null]);
  });

  it("takes the same login however it is typed for the same person", async () => {
    const page = await entered();
    await page
      .findAll("button")
      .find((one) => one.text() === "换人登录")!
      .trigger("click");
    await fill(page, { ...FIRST, login: "ｒ１０１" });
    await send(page);
    expect((await people()).map((one) => one.login)).toEqual(["R101"]);
  });

  it("gives somebody else a store of their own", async () => {
    answer = (_, { login }) => Response.json({ ...SIGNED, staff_id: login });
    const page = await entered();
    await page
      .findAll("button")
      .find((one) => one.text() === "换人登录")!
      .trigger("click");
    expect(page.get<HTMLInputElement>("[name=login]").element.value).toBe("");
    await fill(page, { ...FIRST, login: "L101" });
    await send(page);
    expect(engine.value!.staffId).toBe("L101");
    const stores = (await people()).map((one) => one.disk);
    expect(new Set(stores).size).toBe(2);
  });

  it("goes back to the PIN", async () => {
    const page = await entered();
    await page
      .findAll("button")
      .find((one) => one.text() === "忘记 PIN，用密码登录")!
      .trigger("click");
    await page
      .findAll("button")
      .find((one) => one.text() === "PIN")!
      .trigger("click");
    expect(page.find("[data-test=unlock]").exists()).toBe(true);
  });

  it("is not somebody else's, whoever signs in to it", async () => {
    answer = () => Response.json({ ...SIGNED, staff_id: "another" });
    const page = await entered();
    await page
      .findAll("button")
      .find((one) => one.text() === "忘记 PIN，用密码登录")!
      .trigger("click");
    await fill(page, { password: "riverside", pin: "2468", "pin-again": "2468" });
    await send(page);
    expect(alert(page)).not.toBe("");
    expect([engine.value, (await people()).length]).toEqual([null, 1]);
  });
});

describe("the screen before work", () => {
  it("says that the system erased the phone's data", async () => {
    localStorage.setItem("wangge.canary", "1");
    const page = await entered();
    await now();
    await vi.waitFor(() => expect(page.find("[role=alert]").exists()).toBe(true), 20_000);
    expect(alert(page)).toContain("系统清除过这台手机的离线数据");
  });

  it("says where the storage cannot tell who is known, and lets one sign in", async () => {
    vi.spyOn(IDBObjectStore.prototype, "getAllKeys").mockImplementation(() => {
      throw new DOMException("newer", "VersionError");
    });
    vi.spyOn(IDBObjectStore.prototype, "getAll").mockImplementation(() => {
      throw new DOMException("newer", "VersionError");
    });
    const { page } = await shown(Enter);
    await vi.waitFor(() => expect(page.find("form").exists()).toBe(true), 20_000);
    expect(alert(page)).toContain("应用已在另一个窗口更新");
    expect(page.find("[data-test=sign-in]").exists()).toBe(true);
    vi.restoreAllMocks();
  });

  it("sends whoever comes by WeChat to a browser", async () => {
    vi.spyOn(navigator, "userAgent", "get").mockReturnValue("Mozilla/5.0 MicroMessenger/8.0");
    expect((await shown(Enter)).page.text()).toContain("在浏览器打开");
  });

  it("asks for the other language", async () => {
    const page = await entered();
    await page.get("button.language").trigger("click");
    expect(page.emitted("language")).toHaveLength(1);
  });
});

describe("a sign-in that has ended", () => {
  it("is made again with the password; the work is still there and goes", async () => {
    await signIn("R101", "riverside", "1357");
    await engine.value!.create("visit", { summary: "一" });
    sync.problem = { code: "refresh_ended" };
    answer = () => Response.json({ ...SIGNED, access_token: "new" });
    await signInAgain("riverside");
    expect(engine.value!.store.meta("access", "")).toBe("new");
    expect(engine.value!.store.waiting()).toHaveLength(1);
    await vi.waitFor(() => expect(sync.isRunning).toBe(false), 20_000);
  });

  it("stays ended with a wrong password, and the work is still there", async () => {
    await signIn("R101", "riverside", "1357");
    await engine.value!.create("visit", { summary: "一" });
    answer = () => Response.json({ code: "wrong_password" }, { status: 401 });
    await expect(signInAgain("mountain")).rejects.toThrow("wrong_password");
    expect(engine.value!.store.waiting()).toHaveLength(1);
    expect(engine.value!.store.meta("access", "")).toBe("a");
  });
});
