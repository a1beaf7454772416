/** What a browser's storage fails with is no loss: it is opened again, or the person is told. */
import "fake-indexeddb/auto";
import assert from "node:assert/strict";
import { test } from "node:test";

import { browserClock } from "../sync/clock.ts";
import { type Disk, openDisk } from "../sync/disk.ts";
import { Engine } from "../sync/engine.ts";
import { newId } from "../sync/ids.ts";
import { Refused } from "../sync/link.ts";
import { Store } from "../sync/store.ts";
import { storeTrouble } from "../sync/store_trouble.ts";
import { errorWords } from "../vocabulary/words.ts";
import { DEVICE, phoneOn, SmallServer } from "./small_server.ts";

/**
 * Every way in which a browser's connection to its storage dies, by the error it gives; each happens once.
 */
for (const name of [
  "UnknownError",
  "InvalidStateError",
  "AbortError",
  "TransactionInactiveError",
  "TimeoutError",
  "NotFoundError",
  "NotReadableError",
  "DataError",
]) {
  test(`${name} of the storage is passed over: it is opened again, and nothing is lost`, async () => {
    const disk = await openDisk(newId());
    const phone = new Engine(await Store.open(disk), new SmallServer(), browserClock(), DEVICE);
    await phone.create("customer", { note: "first" });
    const real = IDBDatabase.prototype.transaction;
    let left = 2;
    IDBDatabase.prototype.transaction = function (...given: Parameters<typeof real>) {
      if (left-- > 0)
        throw new DOMException(
          "Connection to Indexed Database server lost. Refresh the page to try again",
          name,
        );
      return real.apply(this, given);
    };
    try {
      await phone.create("customer", { note: "second" });
    } finally {
      IDBDatabase.prototype.transaction = real;
    }
    assert.deepEqual(
      (await Store.open(disk)).waiting().map((one) => one.mutation.now["note"]),
      ["first", "second"],
    );
  });
}

test("a write that the browser breaks off is done again whole; one without room says so", async () => {
  const disk = await openDisk(newId());
  const phone = new Engine(await Store.open(disk), new SmallServer(), browserClock(), DEVICE);
  const real = IDBObjectStore.prototype.put;
  let broken = 1;
  IDBObjectStore.prototype.put = function (...given: Parameters<typeof real>) {
    const request = real.apply(this, given);
    if (broken-- > 0) this.transaction.abort();
    return request;
  };
  await phone.create("customer", { note: "kept" });
  IDBObjectStore.prototype.put = () => {
    throw new DOMException("full", "QuotaExceededError");
  };
  await assert.rejects(phone.create("customer", { note: "no room" }), { name: "QuotaExceededError" });
  // Two rows of one piece of work: where the second does not fit, the first is not written either.
  let fits = 1;
  IDBObjectStore.prototype.put = function (...given: Parameters<typeof real>) {
    if (fits-- > 0) return real.apply(this, given);
    throw new DOMException("full", "QuotaExceededError");
  };
  await assert.rejects(phone.create("customer", { note: "half" }), { name: "QuotaExceededError" });
  IDBObjectStore.prototype.put = real;
  const again = await Store.open(disk);
  assert.deepEqual(
    again.waiting().map((one) => one.mutation.now["note"]),
    ["kept"],
  );
  assert.equal(again.meta("place", 0), 1);
});

/** The browser's own connection, as the next write uses it. */
async function connectionOf(disk: Disk): Promise<IDBDatabase> {
  const real = IDBDatabase.prototype.transaction;
  let found: IDBDatabase | null = null;
  IDBDatabase.prototype.transaction = function (...given: Parameters<typeof real>) {
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- it comes as `this` alone
    found = this;
    return real.apply(this, given);
  };
  await disk.commit([], []).finally(() => (IDBDatabase.prototype.transaction = real));
  return found!;
}

const deleted = (name: string): Promise<string> =>
  new Promise((done) =>
    Object.assign(indexedDB.deleteDatabase(name), {
      onsuccess: () => done("deleted"),
      onblocked: () => done("blocked"),
    }),
  );

test("a storage that the system erased under the app gets everything again", async () => {
  const name = newId();
  const disk = await openDisk(name);
  const phone = new Engine(await Store.open(disk), new SmallServer(), browserClock(), DEVICE);
  for (const note of ["first", "second"]) await phone.create("customer", { note });
  (await connectionOf(disk)).close();
  assert.equal(await deleted(name), "deleted");
  await phone.create("customer", { note: "third" });
  assert.deepEqual(
    (await Store.open(await openDisk(name))).waiting().map((one) => one.mutation.now["note"]),
    ["first", "second", "third"],
  );
});

test("a storage closed on purpose keeps what it was given, and does not open itself again", async () => {
  const name = newId();
  const disk = await openDisk(name);
  const phone = await phoneOn(disk, new SmallServer());
  const kept = phone.create("customer", { note: "kept" });
  await phone.store.rows.close();
  await kept;
  await assert.rejects(phone.create("customer", { note: "too late" }), { name: "InvalidStateError" });
  const again = await openDisk(name);
  assert.deepEqual(
    (await Store.open(again)).waiting().map((one) => one.mutation.now["note"]),
    ["kept"],
  );
  // Closed while it is being opened anew.
  (await connectionOf(again)).close();
  const broken = again.commit([{ key: "meta/x", value: 1 }], []);
  const real = IDBFactory.prototype.open;
  IDBFactory.prototype.open = function (...given: Parameters<typeof real>) {
    again.close();
    return real.apply(this, given);
  };
  await assert
    .rejects(broken, { name: "InvalidStateError" })
    .finally(() => (IDBFactory.prototype.open = real));
  assert.equal(await deleted(name), "deleted");
});

test("what the storage fails with has words", () => {
  for (const [name, code] of [
    ["QuotaExceededError", "store_full"],
    ["UnknownError", "store_away"],
    ["VersionError", "store_newer"],
    ["InvalidStateError", "store_away"],
  ] as const) {
    for (const error of [new DOMException("x", name), { name }]) assert.equal(storeTrouble(error), code);
    for (const language of ["zh", "en"] as const) assert.ok(errorWords(code, language)!.remedy, code);
  }
  for (const error of [new TypeError("x"), new Refused(500, { code: "server_error" }), null, "text"])
    assert.equal(storeTrouble(error), null);
});
