/** The one form in which server and phone hash what they hold, and ranges of it. */
import { describe, expect, it } from "vitest";

import {
  canonical,
  compareKeys,
  digestOf,
  type Held,
  isInside,
  type Key,
  recordHash,
} from "../sync/canonical.ts";

const held = (id: string, body: Held["body"] = {}, scopes = ["a", "b"]): Held => ({
  kind: "visit",
  id,
  version: 1,
  body,
  in: scopes,
});

describe("canonical JSON", () => {
  it.each([
    [{ b: 1, a: [true, null, "x"] }, '{"a":[true,null,"x"],"b":1}'],
    [{ a: undefined, b: { d: 1, c: 2 } }, '{"b":{"c":2,"d":1}}'],
    [{ é: 1, z: 2, Z: 3 }, '{"Z":3,"z":2,"é":1}'],
    [[1.0, 1e21, 0.1, -0], "[1,1e+21,0.1,0]"],
    ['a"\n', '"a\\"\\n"'],
  ])("%j", (value, text) => {
    expect(canonical(value)).toBe(text);
  });
});

describe("a record's hash", () => {
  it("is the same however its fields and scopes are ordered", async () => {
    const one = await recordHash(held("1", { a: 1, b: 2 }, ["a", "b"]));
    expect(await recordHash(held("1", { b: 2, a: 1 }, ["b", "a"]))).toBe(one);
    expect(one).toMatch(/^[0-9a-f]{32}$/);
  });

  it("is another one where a value, a version or a scope is", async () => {
    const base = held("1", { a: 1 });
    const others = [
      { ...base, body: { a: 2 } },
      { ...base, version: 2 },
      { ...base, in: ["a"] },
    ];
    const hashes = await Promise.all([base, ...others].map(recordHash));
    expect(new Set(hashes).size).toBe(4);
  });
});

describe("a digest", () => {
  it("does not depend on the order, and two of the same cancel each other", async () => {
    const [a, b] = [held("1"), held("2")];
    expect(await digestOf([a, b])).toEqual(await digestOf([b, a]));
    expect(await digestOf([a, a])).toEqual({ count: 2, xor: "0".repeat(32) });
    expect(await digestOf([])).toEqual({ count: 0, xor: "0".repeat(32) });
  });
});

describe("ranges", () => {
  const keys: Key[] = [
    ["visit", "2"],
    ["photo", "9"],
    ["visit", "10"],
  ];

  it("order keys by kind, then by id, as text", () => {
    expect([...keys].sort(compareKeys)).toEqual([keys[1], keys[2], keys[0]]);
    expect(compareKeys(["visit", "2"], ["visit", "2"])).toBe(0);
  });

  it("leave out where they begin and hold where they end", () => {
    const inside = (after: Key | null, upto: Key | null): string[] =>
      keys.filter((one) => isInside(one, after, upto)).map((one) => one[1]);
    expect(inside(null, null)).toEqual(["2", "9", "10"]);
    expect(inside(["visit", "10"], null)).toEqual(["2"]);
    expect(inside(null, ["visit", "10"])).toEqual(["9", "10"]);
  });
});
