/** The phone's store: records in scopes, the queue and its receipts, pictures and what becomes of them. */
import "fake-indexeddb/auto";
import { beforeEach, describe, expect, it } from "vitest";

import { type Disk, LARGE, openDisk } from "../sync/disk.ts";
import { newId } from "../sync/ids.ts";
import { type Line, type Mutation, type PhotoRow, placeOf, Store } from "../sync/store.ts";

const AT = "2026-12-01T01:00:00.000000Z";
let disk: Disk;
let store: Store;
beforeEach(async () => {
  disk = await openDisk(newId());
  store = await Store.open(disk);
});

const line = (id: string, more: Partial<Line> = {}): Line =>
  ({ kind: "customer", id, version: 1, body: { id }, in: ["a"], ...more }) as Line;
const keep = (...lines: Line[]): Promise<void> =>
  store.transaction(() => lines.forEach((one) => store.keepLine(one)));
const work = (record: string, more: Partial<Mutation> = {}): Mutation => ({
  id: newId(),
  author: "me",
  kind: "customer",
  record,
  op: "change",
  base_version: 1,
  was: {},
  now: { note: record },
  happened_at: AT,
  monotonic_ms: 1,
  boot: "b",
  ...more,
});
const enqueue = async (...all: Mutation[]): Promise<void> =>
  store.transaction(() => all.forEach((one) => store.enqueue(one)));
const visible = (): string[] => store.visible("customer").map((one) => one.id);

describe("a line of the server", () => {
  it("is newer or the same, or it is not taken, but in a repair", async () => {
    await keep(line("1", { version: 5 }));
    await keep(line("1", { version: 4, body: { id: "1", old: true } }));
    expect(store.record("customer", "1")).toMatchObject({ version: 5, body: { id: "1" } });
    await store.transaction(() => store.keepLine(line("1", { version: 4 }), true));
    expect(store.record("customer", "1")!.version).toBe(4);
  });

  it("that is in no scope takes the record away", async () => {
    await keep(line("1"), line("2"));
    await keep(line("1", { version: 2, in: [] }), line("9", { in: [] }));
    expect([visible(), store.record("customer", "1")]).toEqual([["2"], undefined]);
  });

  it("hides a record on which unsent work hangs, until that is through", async () => {
    await keep(line("1"));
    const mutation = work("1");
    await enqueue(mutation);
    await keep(line("1", { version: 2, in: [] }));
    await store.transaction(() => store.eraseHidden());
    expect([visible(), store.record("customer", "1")!.version]).toEqual([[], 2]);
    await store.transaction(() => store.answer([{ id: mutation.id, status: "applied" }], AT));
    await store.transaction(() => store.eraseHidden());
    expect(store.record("customer", "1")).toBeUndefined();
  });
});

describe("scopes", () => {
  it("that go leave what stands in another", async () => {
    await keep(line("1", { in: ["a", "b"] }), line("2"));
    await store.transaction(() => store.dropScopes(new Set(["a"])));
    expect(visible()).toEqual(["1"]);
    expect(store.versions()).toEqual({ "customer/1": 1 });
  });

  it("that are about to go are not shown already", async () => {
    await keep(line("1", { in: ["a", "b"] }), line("2"));
    await store.transaction(() => store.setMeta({ drops: ["a"] }));
    expect(visible()).toEqual(["1"]);
  });
});

describe("the bodies that came with answers", () => {
  it("are told of while they are here as they came", async () => {
    await keep(line("1"), line("2", { version: 3 }), line("3", { in: ["a"] }));
    const have = { "customer/1": 1, "customer/2": 2, "customer/3": 1, "customer/9": 1 };
    expect(store.stillHas(have)).toEqual({ "customer/1": 1, "customer/3": 1 });
  });
});

describe("a range that is replaced", () => {
  it("holds what the server lists and nothing else, and what lies outside stays", async () => {
    await keep(line("1"), line("2"), line("3"));
    const lines = [line("2", { version: 1, body: { id: "2", right: true } })];
    await store.transaction(() => store.replaceRange(["customer", "1"], ["customer", "3"], lines));
    expect(visible()).toEqual(["1", "2"]);
    expect(store.record("customer", "2")!.body).toEqual({ id: "2", right: true });
    expect((await store.digest(null, null)).count).toBe(2);
    expect((await store.digest(["customer", "1"], null)).count).toBe(1);
  });
});

describe("the queue", () => {
  it("keeps its order over a restart, however many pieces there are", async () => {
    for (let n = 0; n < 12; n += 1) await enqueue(work(String(n)));
    const again = await Store.open(disk);
    expect(again.waiting().map((one) => one.mutation.record)).toEqual(
      Array.from({ length: 12 }, (_, n) => String(n)),
    );
  });

  it("gives each piece its own place, also where two windows count alike", async () => {
    await enqueue(work("1"));
    const place = store.waiting()[0]!.place;
    await store.transaction(() => store.setMeta({ place: 0 }));
    await enqueue(work("2"));
    expect(store.journal()).toHaveLength(2);
    expect(store.waiting()[1]!.place).not.toBe(place);
  });

  it("is known by record", async () => {
    await enqueue(work("1"), work("2"), work("1", { now: { note: "again" } }));
    expect(store.unsentOf("customer", "1").map((one) => one.mutation.now["note"])).toEqual(["1", "again"]);
    expect(store.unsentOf("customer", "9")).toEqual([]);
    expect([...store.unsentByRecord().keys()]).toEqual(["customer/1", "customer/2"]);
  });

  it("keeps a receipt of each, and a held piece waits on", async () => {
    const [one, two] = [work("1"), work("2")];
    await enqueue(one, two);
    const answers = [
      { id: one.id, status: "held" as const },
      { id: two.id, status: "parked" as const, code: "check_failed" },
      { id: newId(), status: "applied" as const },
    ];
    await store.transaction(() => store.answer(answers, AT));
    expect(store.waiting().map((entry) => entry.mutation.id)).toEqual([one.id]);
    expect(store.journal()[1]).toMatchObject({
      isDone: true,
      answeredAt: AT,
      outcome: { code: "check_failed" },
    });
  });

  it("sends again what a restored server does not hold, and that alone", async () => {
    const [old, late, open] = [work("old"), work("late"), work("open")];
    await enqueue(old, late, open);
    await store.transaction(() => store.answer([{ id: old.id, status: "applied" }], "2026-12-01T01"));
    await store.transaction(() => store.answer([{ id: late.id, status: "parked" }], "2026-12-01T03"));
    await store.transaction(() => store.queueAgain("2026-12-01T02"));
    expect(store.waiting().map((one) => one.mutation.record)).toEqual(["late", "open"]);
  });

  it("forgets receipts that are old and safe, and never what waits", async () => {
    const [old, open] = [work("old"), work("open")];
    await enqueue(old, open);
    await store.transaction(() => store.answer([{ id: old.id, status: "applied" }], "2026-11-01T00"));
    await store.transaction(() => store.forgetBefore("2026-11-01T00"));
    expect(store.journal()).toHaveLength(2);
    await store.transaction(() => store.forgetBefore("2026-12-01T00"));
    expect(store.journal().map((one) => one.mutation.record)).toEqual(["open"]);
  });
});

describe("pictures", () => {
  const photo = (id: string, more: Partial<PhotoRow> = {}): PhotoRow => ({
    id,
    sha256: "0",
    size: 1,
    upload: null,
    sent: 0,
    isDone: false,
    hasBytes: true,
    arrivedAt: null,
    ...more,
  });
  const add = (...rows: PhotoRow[]): Promise<void> =>
    store.transaction(() => rows.forEach((one) => store.rows.put("photo", one.id, one)), {
      puts: rows.map((one) => ({ key: LARGE + one.id, value: new ArrayBuffer(1) })),
    });

  it.each([
    [undefined, "sent"],
    [photo("1", { isDone: true }), "sent"],
    [photo("1"), "waiting"],
    [photo("1", { isAside: true }), "asideOne"],
    [photo("1", { isAside: true, isGone: true }), "goneOne"],
  ] as const)("%# say where they are", (row, place) => {
    expect(placeOf(row)).toBe(place);
  });

  it("that may go are those that are not done and not aside, the least troubled first", async () => {
    await add(
      photo("tried", { tries: 3 }),
      photo("new"),
      photo("done", { isDone: true }),
      photo("aside", { isAside: true }),
    );
    expect(store.photosToSend().map((one) => one.id)).toEqual(["new", "tried"]);
    expect(store.photosAside().map((one) => one.id)).toEqual(["aside"]);
  });

  it("that were set aside are tried again with a clean record, unless they were taken out", async () => {
    await add(
      photo("1", { isAside: true, tries: 4, problem: { code: "too_large" } }),
      photo("2", { isAside: true }),
    );
    await store.discardPhoto("2");
    await store.tryAgain("1");
    await store.tryAgain("2");
    expect(store.photosToSend().map((one) => one.id)).toEqual(["1"]);
    expect(store.photo("1")).toMatchObject({ tries: 0, problem: null });
  });

  it("that wait or are done are not taken out", async () => {
    await add(photo("waits"), photo("done", { isDone: true, isAside: true }));
    for (const id of ["waits", "done", "never"]) await store.discardPhoto(id);
    expect(await store.photoBytes("waits")).toBeDefined();
    expect(await store.photoBytes("done")).toBeDefined();
    expect(store.photo("waits")!.isGone).toBeUndefined();
  });

  it("that a backup holds are those that arrived before it, with their bytes still here", async () => {
    await add(
      photo("old", { isDone: true, arrivedAt: "2026-11-01" }),
      photo("late", { isDone: true, arrivedAt: "2026-12-02" }),
      photo("freed", { isDone: true, hasBytes: false, arrivedAt: "2026-11-01" }),
      photo("waits"),
    );
    expect(store.backedUp("2026-12-01")).toEqual(["old"]);
  });

  it("that are not here are not changed into being", async () => {
    await store.transaction(() => store.setPhoto("never", { sent: 5 }));
    expect(store.photos()).toEqual([]);
  });

  it("keep their bytes on the disk, out of memory", async () => {
    await add(photo("1"));
    const again = await Store.open(disk);
    expect(again.rows.tables()).not.toContain("bytes");
    expect((await again.photoBytes("1"))!.byteLength).toBe(1);
  });
});
