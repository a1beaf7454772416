/** A password that somebody else gave: changed before anything is sent, put off without a network. */
import "fake-indexeddb/auto";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";

// Files share their modules: this one begins with its own, and leaves none behind.
vi.resetModules();
afterAll(() => void vi.resetModules());
const { forget, people } = await import("../src/person.ts");
const { engine, lock, signIn, sync, syncNow, unlock } = await import("../src/session.ts");
const { chooseOwn, given, isPutOff, mustChoose } = await import("../src/own_password.ts");
const { default: FirstPassword } = await import("../src/views/FirstPassword.vue");
const { default: StateBar } = await import("../src/parts/StateBar.vue");
const { nothingSaid, shown } = await import("./phone_screen.ts");
const { Engine } = await import("@wangge/shared/sync/engine.ts");
const { Offline, Refused } = await import("@wangge/shared/sync/link.ts");

const SLOW = 30_000;
const GIVEN = "given by the office";
const OWN = "quartz lantern 9";
/** The server: its password, whether it was given, what the line does, and what was asked. */
let house: { password: string; isGiven: boolean; line: "up" | "down" | "loses answers" };
let asked: string[];

function answer(path: string, body: Record<string, string>): Response {
  const no = (status: number, code: string): Response => Response.json({ code }, { status });
  if (path.endsWith("/sessions")) {
    if (body["password"] !== house.password) return no(401, "wrong_credentials");
    return Response.json({
      access_token: "a",
      refresh_token: "r",
      staff_id: "me",
      unit_id: "u",
      roles: ["crew_leader"],
      must_change_password: house.isGiven,
    });
  }
  if (!path.endsWith("/sessions/password")) return no(404, "not_found");
  if (body["old"] !== house.password) return no(401, "wrong_credentials");
  if (body["new"]!.length < 10) return no(422, "password_too_weak");
  Object.assign(house, { password: body["new"], isGiven: false });
  return new Response(null, { status: 204 });
}

beforeEach(async () => {
  house = { password: GIVEN, isGiven: true, line: "up" };
  asked = [];
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
    if (house.line === "down") throw new TypeError("no network");
    asked.push(`${init.method} ${url}`);
    const found = answer(url, init.body ? (JSON.parse(String(init.body)) as Record<string, string>) : {});
    if (house.line === "loses answers") throw new TypeError("broken off");
    return found;
  });
  vi.spyOn(Engine.prototype, "sync").mockImplementation(async () => {
    if (house.isGiven) throw new Refused(403, { code: "password_change_needed" });
  });
  nothingSaid();
  await signIn("R101", GIVEN, "1357");
});
afterEach(async () => {
  lock();
  vi.restoreAllMocks();
  for (const one of await people()) await forget(one);
  sync.problem = null;
});

async function typed(page: Awaited<ReturnType<typeof shown>>["page"], words: Record<string, string>) {
  for (const [name, text] of Object.entries(words)) await page.get(`[name=password-${name}]`).setValue(text);
  await page.get("form").trigger("submit");
}

describe("a password that was given", () => {
  it(
    "is changed for one's own, which opens the phone from then on",
    async () => {
      given.value = GIVEN;
      expect(mustChoose.value).toBe(true);
      const { page } = await shown(FirstPassword, {}, "zh");
      expect(page.find("[name=password-old]").exists()).toBe(false);
      await typed(page, { new: OWN, again: OWN });
      await vi.waitFor(() => expect(mustChoose.value).toBe(false), SLOW);
      expect([house.password, house.isGiven, given.value]).toEqual([OWN, false, ""]);
      lock();
      // Sealed by the new one: the given one opens nothing any more.
      await expect(signIn("R101", GIVEN, "1111")).rejects.toThrow();
      await signIn("R101", OWN, "2468");
      expect(mustChoose.value).toBe(false);
    },
    SLOW,
  );

  it(
    "is still to be changed after the phone was locked, and is asked for then",
    async () => {
      given.value = GIVEN;
      lock();
      expect([mustChoose.value, given.value]).toEqual([false, ""]);
      await unlock((await people())[0]!, "1357");
      expect(mustChoose.value).toBe(true);
      const { page } = await shown(FirstPassword, {}, "en");
      await typed(page, { old: "something else", new: OWN, again: OWN });
      await vi.waitFor(() => expect(page.find("[role=alert]").exists()).toBe(true), SLOW);
      expect(house.password).toBe(GIVEN);
      await typed(page, { old: GIVEN });
      await vi.waitFor(() => expect(house.password).toBe(OWN), SLOW);
    },
    SLOW,
  );

  it("says what the server says of a weak one, and nothing is sent while the two differ", async () => {
    given.value = GIVEN;
    const { page } = await shown(FirstPassword, {}, "en");
    await typed(page, { new: OWN, again: "quartz" });
    expect(asked.some((one) => one.includes("/password"))).toBe(false);
    await typed(page, { new: "short", again: "short" });
    await vi.waitFor(() => expect(page.find("[role=alert]").exists()).toBe(true), SLOW);
    expect(page.get("[role=alert]").text()).not.toContain("password_too_weak");
    expect([house.password, mustChoose.value]).toEqual([GIVEN, true]);
  });

  it("waits without a network: the work is open, and the bar leads back", async () => {
    house.line = "down";
    given.value = GIVEN;
    const { page } = await shown(FirstPassword, {}, "zh");
    await typed(page, { new: OWN, again: OWN });
    await vi.waitFor(() => expect(page.find("[role=alert]").exists()).toBe(true), SLOW);
    expect(page.get("[role=alert]").text()).toContain("手机里的记录都在");
    await page.get("[data-test=later]").trigger("click");
    expect([isPutOff.value, mustChoose.value]).toEqual([true, true]);
    const bar = (await shown(StateBar, {}, "zh")).page;
    expect(bar.get("[data-test=waiting]").text()).toContain("请先设置自己的密码");
    await bar.get("button.main").trigger("click");
    expect(isPutOff.value).toBe(false);
  });

  it("is changed once where the answer was lost: the next try finds that out", async () => {
    house.line = "loses answers";
    await expect(chooseOwn(GIVEN, OWN)).rejects.toThrow(Offline);
    expect([house.password, mustChoose.value]).toEqual([OWN, true]);
    house.line = "up";
    await chooseOwn(GIVEN, OWN);
    expect(mustChoose.value).toBe(false);
    expect(engine.value!.store.meta("mustChange", true)).toBe(false);
  });

  it("given anew while somebody was signed in is told by the next sync", async () => {
    await chooseOwn(GIVEN, OWN);
    expect(mustChoose.value).toBe(false);
    house.isGiven = true;
    void syncNow();
    await vi.waitFor(() => expect(mustChoose.value).toBe(true), SLOW);
    await expect(chooseOwn("neither", "nor this one")).rejects.toThrow(Refused);
    await chooseOwn(OWN, "another lantern 9");
    await vi.waitFor(() => expect(mustChoose.value).toBe(false), SLOW);
  });
});
