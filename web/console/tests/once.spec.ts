/** What is pressed twice in a hurry is sent once. */
import { describe, expect, it } from "vitest";

import { useOnce } from "../src/once.ts";
import { held } from "./console_screen.ts";

describe("a work that is done once at a time", () => {
  it("begins no other while it is on its way, and may begin again afterwards", async () => {
    const { isBusy, once } = useOnce();
    const late = held(null);
    const done: string[] = [];
    const work = once(async (name: string) => {
      await late.answer();
      done.push(name);
    });
    const first = work("first");
    expect(isBusy.value).toBe(true);
    await work("second");
    await late.go();
    await first;
    expect([done, isBusy.value]).toEqual([["first"], false]);
    await work("third");
    expect(done).toEqual(["first", "third"]);
  });

  it("holds up the others of its page too", async () => {
    const { once } = useOnce();
    const late = held(null);
    let other = 0;
    const slow = once(async () => void (await late.answer()));
    const quick = once(async () => void (other += 1));
    const running = slow();
    await quick();
    expect(other).toBe(0);
    await late.go();
    await running;
    await quick();
    expect(other).toBe(1);
  });

  it("that fails tells its caller, and may begin again", async () => {
    const { isBusy, once } = useOnce();
    const work = once(async () => {
      throw new Error("no");
    });
    await expect(work()).rejects.toThrow("no");
    expect(isBusy.value).toBe(false);
    await expect(work()).rejects.toThrow("no");
  });
});
