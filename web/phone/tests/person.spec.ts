/** Who uses a phone: PINs, passwords, waiting after wrong tries, and stores that the system erased. */
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
const { forget, openByPassword, openByPin, people, settleIn, wasErased, WrongPin } =
  await import("../src/person.ts");

let now = Date.parse("2026-12-01T01:00:00Z");
beforeEach(() => {
  vi.spyOn(Date, "now").mockImplementation(() => now);
});
afterEach(async () => {
  for (const one of await people()) await forget(one);
  vi.restoreAllMocks();
});

describe("people of a phone", () => {
  it("are in the order in which they last opened it", async () => {
    await settleIn("R101", "1357", "riverside");
    now += 1_000;
    const { person } = await settleIn("L101", "2468", "morning");
    expect((await people()).map((one) => one.login)).toEqual(["L101", "R101"]);
    expect(person.disk).toMatch(/^wangge-/);
    now += 1_000;
    await openByPin((await people())[1]!, "1357");
    expect((await people()).map((one) => one.login)).toEqual(["R101", "L101"]);
  });

  it("have a store each", async () => {
    const [one, two] = [await settleIn("R101", "1", "p"), await settleIn("L101", "1", "p")];
    expect(one.person.disk).not.toBe(two.person.disk);
  });
});

describe("a PIN", () => {
  it("that is wrong makes the finder wait from the fifth on, longer each time", async () => {
    const { person } = await settleIn("R101", "1357", "riverside");
    const waits: number[] = [];
    for (let n = 0; n < 7; n += 1) {
      const error: unknown = await openByPin(person, "0000").catch((one: unknown) => one);
      expect(error).toBeInstanceOf(WrongPin);
      const until = (error as InstanceType<typeof WrongPin>).waitUntil;
      waits.push(until ? (until - now) / 1_000 : 0);
      now = Math.max(now, until);
    }
    expect(waits).toEqual([0, 0, 0, 0, 30, 60, 120]);
  });

  it("is not even tried while it must wait, and counts from nothing once it was right", async () => {
    const { person } = await settleIn("R101", "1357", "riverside");
    for (let n = 0; n < 5; n += 1) await openByPin(person, "0000").catch(() => undefined);
    await expect(openByPin(person, "1357")).rejects.toThrow(WrongPin);
    now += 30_000;
    await openByPin(person, "1357");
    expect((await people())[0]).toMatchObject({ wrongPins: 0, waitUntil: 0 });
  });

  it("that was wrong is remembered by the phone, not by the page", async () => {
    const { person } = await settleIn("R101", "1357", "riverside");
    await openByPin(person, "0000").catch(() => undefined);
    expect((await people())[0]!.wrongPins).toBe(1);
  });

  it("that was forgotten is set anew by the password, which opens the same store", async () => {
    const { person } = await settleIn("R101", "1357", "riverside");
    expect(await openByPassword(person, "mountain", "9999")).toBeNull();
    expect(await openByPassword(person, "riverside", "9999")).not.toBeNull();
    const [kept] = await people();
    await expect(openByPin(kept!, "1357")).rejects.toThrow(WrongPin);
    expect(await openByPin(kept!, "9999")).not.toBeNull();
    expect(kept!.disk).toBe(person.disk);
  });
});

describe("a phone whose databases the system erased", () => {
  it("is told from one that nobody has used, and from one that everybody left", async () => {
    expect(await wasErased()).toBe(false);
    const { person } = await settleIn("R101", "1357", "riverside");
    expect(await wasErased()).toBe(false);
    const canary = localStorage.getItem("wangge.canary")!;
    await forget(person);
    expect(await wasErased()).toBe(false);
    localStorage.setItem("wangge.canary", canary);
    expect(await wasErased()).toBe(true);
  });
});
