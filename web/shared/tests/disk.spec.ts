/** Rows on the disk: all or nothing, in their order, sealed, erased under the app, and closed on purpose. */
import "fake-indexeddb/auto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { type Disk, LARGE, openDisk } from "../sync/disk.ts";
import { newId } from "../sync/ids.ts";
import { Offline, Refused } from "../sync/link.ts";
import { Rows } from "../sync/rows.ts";
import { isForAll, mayPass, nameOf, storeTrouble } from "../sync/store_trouble.ts";
import { newKey, sealedDisk, unwrapKey, wrapKey } from "../sync/vault.ts";

let disk: Disk;
beforeEach(async () => {
  disk = await openDisk(newId());
});
afterEach(() => void vi.restoreAllMocks());
const keys = async (): Promise<string[]> => (await disk.load()).map((row) => row.key);
const full = () => new DOMException("no room", "QuotaExceededError");

describe("a disk", () => {
  it("gives back what was put, in the order of its keys, but not what is large", async () => {
    await disk.commit(
      [
        { key: "queue/2", value: 2 },
        { key: `${LARGE}p`, value: new ArrayBuffer(3) },
        { key: "a/1", value: { deep: [1] } },
        { key: "queue/1", value: 1 },
      ],
      [],
    );
    expect(await disk.load()).toEqual([
      { key: "a/1", value: { deep: [1] } },
      { key: "queue/1", value: 1 },
      { key: "queue/2", value: 2 },
    ]);
    expect(((await disk.read(`${LARGE}p`)) as ArrayBuffer).byteLength).toBe(3);
    expect(await disk.read("nothing")).toBeUndefined();
  });

  it("keeps all of a write or nothing", async () => {
    await disk.commit([{ key: "a/1", value: 1 }], []);
    const unclonable = { key: "a/2", value: () => undefined };
    await expect(
      disk.commit([{ key: "a/1", value: "changed" }, { key: "a/3", value: 3 }, unclonable], []),
    ).rejects.toThrow();
    expect(await disk.load()).toEqual([{ key: "a/1", value: 1 }]);
  });

  it("puts and takes away at once", async () => {
    await disk.commit([{ key: "a/1", value: 1 }], []);
    await disk.commit([{ key: "a/2", value: 2 }], ["a/1", "never there"]);
    expect(await keys()).toEqual(["a/2"]);
  });

  it("is another one under another name, and the same one under the same", async () => {
    const name = newId();
    const [one, two] = [await openDisk(name), await openDisk(name)];
    await one.commit([{ key: "a/1", value: 1 }], []);
    expect((await two.load()).length).toBe(1);
    expect(await keys()).toEqual([]);
  });

  it("is empty after it was erased", async () => {
    await disk.commit(
      [
        { key: "a/1", value: 1 },
        { key: `${LARGE}p`, value: new ArrayBuffer(3) },
      ],
      [],
    );
    await disk.erase();
    expect([await keys(), await disk.read(`${LARGE}p`)]).toEqual([[], undefined]);
  });

  it("that was just made was not emptied by anybody", () => {
    expect(disk.wasEmptied!()).toBe(false);
  });
});

describe("what a storage fails with", () => {
  it.each([
    ["QuotaExceededError", "store_full"],
    ["NS_ERROR_FILE_NO_DEVICE_SPACE", "store_full"],
    ["VersionError", "store_newer"],
    ["UnknownError", "store_away"],
    ["InvalidStateError", "store_away"],
    ["AbortError", "store_away"],
    ["SyntaxError", null],
  ])("%s is %s", (name, code) => {
    expect(storeTrouble(new DOMException("", name))).toBe(code);
    expect(mayPass(new DOMException("", name))).toBe(code === "store_away");
  });

  it.each([[null], [undefined], ["text"], [{}], [7]])("%j has no name, and is none", (error) => {
    expect([nameOf(error), storeTrouble(error), mayPass(error)]).toEqual(["", null, false]);
  });

  it("is for everything to come, as no network is, and no sign-in", () => {
    expect(isForAll(full())).toBe(true);
    expect(isForAll(new Offline())).toBe(true);
    expect(isForAll(new Refused(401, { code: "refresh_ended" }))).toBe(true);
    expect(isForAll(new Refused(403, { code: "not_allowed" }))).toBe(false);
    expect(isForAll(new TypeError("ours"))).toBe(false);
  });
});

describe("rows in memory", () => {
  const rows = async (): Promise<Rows> => new Rows(disk, await disk.load());

  it("are changed in a transaction alone", async () => {
    const some = await rows();
    expect(() => some.put("a", "1", 1)).toThrow("transaction");
    expect(() => some.remove("a", "1")).toThrow("transaction");
  });

  it("are on the disk when a transaction returns", async () => {
    const some = await rows();
    expect(await some.transaction(() => (some.put("a", "x/y", 1), "done"))).toBe("done");
    expect((await rows()).table("a").get("x/y")).toBe(1);
    await some.transaction(() => some.remove("a", "x/y"));
    expect((await rows()).table("a").size).toBe(0);
  });

  it("are as they were where the work of a transaction fails", async () => {
    const some = await rows();
    await some.transaction(() => some.put("a", "1", "before"));
    const failing = some.transaction(() => {
      some.put("a", "1", "after");
      some.put("a", "2", "new");
      throw new Error("ours");
    });
    await expect(failing).rejects.toThrow("ours");
    expect([...some.table("a")]).toEqual([["1", "before"]]);
    expect(await disk.load()).toEqual([{ key: "a/1", value: "before" }]);
  });

  it("are as they were where the disk has no room, and take the next work", async () => {
    const some = await rows();
    await some.transaction(() => some.put("a", "1", "before"));
    vi.spyOn(disk, "commit").mockRejectedValueOnce(full());
    await expect(some.transaction(() => some.put("a", "1", "after"))).rejects.toThrow("no room");
    expect(some.table("a").get("1")).toBe("before");
    await some.transaction(() => some.put("a", "2", "next"));
    expect((await rows()).table("a").get("2")).toBe("next");
  });

  it("tell whoever listens, once for each transaction, and nobody of one that failed", async () => {
    const some = await rows();
    const told = vi.fn();
    const stop = some.onChange(told);
    await some.transaction(() => {
      some.put("a", "1", 1);
      some.put("a", "2", 2);
    });
    vi.spyOn(disk, "commit").mockRejectedValueOnce(full());
    await some.transaction(() => some.put("a", "3", 3)).catch(() => undefined);
    expect(told).toHaveBeenCalledTimes(1);
    stop();
    await some.transaction(() => some.put("a", "4", 4));
    expect(told).toHaveBeenCalledTimes(1);
  });

  it("that the system erased under the app are all written again", async () => {
    const some = await rows();
    await some.transaction(() => some.put("a", "1", 1));
    await disk.erase();
    disk.wasEmptied = vi.fn().mockReturnValueOnce(true).mockReturnValue(false);
    await some.transaction(() => some.put("a", "2", 2));
    expect(await keys()).toEqual(["a/1", "a/2"]);
  });

  it("are gone after a wipe, from memory and disk", async () => {
    const some = await rows();
    await some.transaction(() => some.put("a", "1", 1));
    await some.wipe();
    expect([some.tables(), await keys()]).toEqual([[], []]);
  });

  it("are written before they are closed", async () => {
    const some = await rows();
    const closed = vi.spyOn(disk, "close");
    const writing = some.transaction(() => some.put("a", "1", 1));
    const order: string[] = [];
    await Promise.all([
      writing.then(() => order.push("written")),
      some.close().then(() => order.push("closed")),
    ]);
    expect([order, closed.mock.calls.length]).toEqual([["written", "closed"], 1]);
  });
});

describe("a sealed disk", () => {
  it("gives back texts and bytes as they were, and is unreadable without its key", async () => {
    const sealed = sealedDisk(disk, await newKey());
    const bytes = new Uint8Array([0, 1, 255]).buffer;
    await sealed.commit(
      [
        { key: "customer/1", value: { name: "王小一", parts: [null, 1.5] } },
        { key: `${LARGE}p`, value: bytes },
      ],
      [],
    );
    expect(await sealed.load()).toEqual([
      { key: "customer/1", value: { name: "王小一", parts: [null, 1.5] } },
    ]);
    expect(new Uint8Array((await sealed.read(`${LARGE}p`)) as ArrayBuffer)).toEqual(new Uint8Array(bytes));
    expect(await sealed.read("nothing")).toBeUndefined();
    const raw = (await disk.load())[0]!.value as { data: ArrayBuffer };
    expect(new TextDecoder().decode(raw.data)).not.toContain("王小一");
    await expect(sealedDisk(disk, await newKey()).load()).rejects.toThrow();
  });

  it("never seals the same twice alike", async () => {
    const sealed = sealedDisk(disk, await newKey());
    await sealed.commit(
      [
        { key: "a/1", value: "same" },
        { key: "a/2", value: "same" },
      ],
      [],
    );
    const [one, two] = (await disk.load()).map((row) => row.value as { iv: Uint8Array; data: ArrayBuffer });
    expect(Buffer.from(one!.data).equals(Buffer.from(two!.data))).toBe(false);
  });

  it("that was damaged is not read for something else", async () => {
    const sealed = sealedDisk(disk, await newKey());
    await sealed.commit([{ key: "a/1", value: "one" }], []);
    const [row] = (await disk.load()) as { key: string; value: { iv: Uint8Array; data: ArrayBuffer } }[];
    new Uint8Array(row!.value.data)[0]! ^= 1;
    await disk.commit([row!], []);
    await expect(sealed.load()).rejects.toThrow();
  });

  it("has a key that only its PIN unwraps", async () => {
    const key = await newKey();
    const wrapped = await wrapKey(key, "1357");
    const sealed = sealedDisk(disk, key);
    await sealed.commit([{ key: "a/1", value: "mine" }], []);
    const again = sealedDisk(disk, await unwrapKey(wrapped, "1357"));
    expect(await again.load()).toEqual([{ key: "a/1", value: "mine" }]);
    await expect(unwrapKey(wrapped, "1358")).rejects.toThrow();
  });
});
