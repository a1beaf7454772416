/** One bad item never stops the rest; a photo's time is its own or none; what a browser's storage fails with is no loss. */
import "fake-indexeddb/auto";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { tokenOf } from "../link_token.ts";
import { browserClock } from "../sync/clock.ts";
import { type Disk, LARGE, openDisk } from "../sync/disk.ts";
import { Engine } from "../sync/engine.ts";
import { newId, sha256Hex } from "../sync/ids.ts";
import { type Ask, type Link, Offline, Refused } from "../sync/link.ts";
import { mediaTypeOf, takenOf } from "../sync/pictures.ts";
import { placeOf, Store } from "../sync/store.ts";
import { storeTrouble } from "../sync/store_trouble.ts";
import { uploadWaiting } from "../sync/upload.ts";
import { en } from "../../phone/src/en.ts";
import { zh } from "../../phone/src/zh.ts";
import { errorWords } from "../vocabulary/words.ts";

const DEVICE = { name: "test", appVersion: "test" };
const bytesOf = (text: string): ArrayBuffer => new TextEncoder().encode(text).buffer as ArrayBuffer;

/** A server of some lines: `ills` say what befalls an upload, by its photo. */
class House implements Link {
  readonly ills = new Map<string, Error>();
  readonly asked: string[] = [];
  readonly whole = new Set<string>();
  readonly taken: string[] = [];
  pulls = 0;
  #at = new Map<string, [length: number, offset: number]>();

  async send(method: string, path: string, ask: Ask = {}): Promise<Response> {
    if (path === "/sync/push") return this.#pushed(ask);
    if (path === "/sync/pull") return this.#page();
    if (method === "POST") {
      const id = atob(ask.headers!["Upload-Metadata"]!.split(",")[0]!.split(" ")[1]!);
      this.asked.push(id);
      if (this.ills.has(id)) throw this.ills.get(id)!;
      this.#at.set(id, [Number(ask.headers!["Upload-Length"]), 0]);
      return new Response(null, { status: 201, headers: { Location: `/api/v1/uploads/${id}` } });
    }
    const id = path.split("/").at(-1)!;
    const [length, before] = this.#at.get(id)!;
    const at = before + ((ask.bytes as ArrayBuffer | undefined)?.byteLength ?? 0);
    this.#at.set(id, [length, at]);
    if (at === length) this.whole.add(id);
    const arrived: Record<string, string> =
      at === length ? { "Arrived-At": "2026-09-01T08:00:00.000000Z" } : {};
    return new Response(null, { status: 204, headers: { "Upload-Offset": String(at), ...arrived } });
  }

  #page(): Response {
    this.pulls += 1;
    const page = {
      epoch: 1,
      epochs: [[1, null]],
      backed_up_through: null,
      cursor: "c",
      more: false,
      complete: {},
      drops: [],
    };
    return Response.json({ ...page, scopes: [], lines: [], server_time: "2026-09-01T08:00:00.000000Z" });
  }

  #pushed(ask: Ask): Response {
    const { mutations } = ask.json as { mutations: { id: string; now: { note?: string } }[] };
    for (const { now } of mutations) {
      if (now.note === "signed out") throw new Refused(401, { code: "other_password" });
      if (now.note === "too large") throw new Refused(413, { code: "too_large" });
      if (now.note?.startsWith("fails")) throw new Refused(500, { code: "server_error" });
    }
    this.taken.push(...mutations.flatMap((one) => one.now.note ?? []));
    return Response.json({
      outcomes: mutations.map(({ id }) => ({ id, status: "applied" })),
      server_time: "2026-09-01T08:00:00.000000Z",
    });
  }
}

async function phoneOn(disk: Disk, house: House): Promise<Engine> {
  return new Engine(await Store.open(disk), house, browserClock(), DEVICE);
}

const shot = (phone: Engine, text: string): Promise<string> =>
  phone.takePhoto({ of: ["visit", "v"], purpose: "site", data: bytesOf(text) });
const codes = (phone: Engine): (string | undefined)[] =>
  phone.store.photosAside().map((one) => one.problem?.code);

test("an empty photo is set aside as such, and everything behind it goes", async () => {
  const house = new House();
  const phone = await phoneOn(await openDisk(newId()), house);
  const [empty, good] = [await shot(phone, ""), await shot(phone, "good")];
  for (let n = 0; n < 2; n += 1) await uploadWaiting(phone);
  assert.deepEqual([...house.whole], [good]);
  assert.deepEqual([codes(phone), house.asked], [["empty_file"], [good]]);
  assert.ok(errorWords("empty_file", "zh")!.what.includes("空"));
  assert.equal(phone.store.photosToSend().length, 0);
  await phone.store.discardPhoto(good);
  await phone.store.discardPhoto(empty);
  // Its row stays: nobody may take it for delivered.
  const places = [good, empty, "another phone's"].map((id) => placeOf(phone.store.photo(id)));
  assert.deepEqual(
    [phone.store.photosAside().length, places, await phone.store.photoBytes(empty)],
    [0, ["sent", "goneOne", "sent"], undefined],
  );
  for (const words of [zh, en])
    assert.equal(
      new Set((["sent", "waiting", "asideOne", "goneOne"] as const).map((place) => words.queue[place])).size,
      4,
    );
  await phone.store.tryAgain(empty);
  assert.equal(phone.store.photosToSend().length, 0);
});

test("what the server refuses for good is set aside, tried again or taken out; what may pass waits", async () => {
  const house = new House();
  const phone = await phoneOn(await openDisk(newId()), house);
  const bad = new Map<string, string>();
  for (const [status, code] of [
    [413, "too_large"],
    [422, "empty_file"],
    [415, "unsupported_media"],
    [500, "server_error"],
    [460, "wrong_hash"],
    [413, "unreadable_answer"],
  ] as const) {
    const id = await shot(phone, `${status} ${code}`);
    house.ills.set(id, new Refused(status, { code }));
    bad.set(id, code);
  }
  const good = await shot(phone, "good");
  for (let n = 0; n < 3; n += 1) await uploadWaiting(phone);
  assert.deepEqual([...house.whole], [good]);
  assert.deepEqual(codes(phone).sort(), ["empty_file", "too_large", "unsupported_media"]);
  assert.deepEqual(
    phone.store
      .photosToSend()
      .map((one) => one.problem?.code)
      .sort(),
    ["server_error", "unreadable_answer", "wrong_hash"],
  );
  house.ills.clear();
  for (const one of phone.store.photosAside()) await phone.store.tryAgain(one.id);
  await uploadWaiting(phone);
  assert.equal(house.whole.size, bad.size + 1);
  assert.ok(phone.store.photos().every((one) => one.isDone && !one.problem));
});

test("bytes that are gone, damaged or unreadable are set aside by themselves", async () => {
  const house = new House();
  const disk = await openDisk(newId());
  const unreadable = new Set<string>();
  const read = (key: string): Promise<unknown> =>
    unreadable.has(key)
      ? Promise.reject(new DOMException("Failed to read large IndexedDB value", "DataError"))
      : disk.read(key);
  const phone = await phoneOn({ ...disk, read }, house);
  const [gone, damaged, spoiled, good] = [
    await shot(phone, "gone"),
    await shot(phone, "damaged"),
    await shot(phone, "spoiled"),
    await shot(phone, "good"),
  ];
  await disk.commit([{ key: LARGE + damaged, value: bytesOf("something else") }], [LARGE + gone]);
  unreadable.add(LARGE + spoiled);
  await uploadWaiting(phone);
  assert.deepEqual([...house.whole], [good]);
  assert.deepEqual(codes(phone), ["photo_gone", "photo_unreadable", "photo_unreadable"]);
  for (const code of codes(phone))
    for (const language of ["zh", "en"] as const) assert.ok(errorWords(code!, language)!.remedy);
});

test("a storage that is away altogether is no picture's fault", async () => {
  const house = new House();
  const disk = await openDisk(newId());
  let isAway = false;
  const read = (key: string): Promise<unknown> =>
    isAway ? Promise.reject(new DOMException("lost", "UnknownError")) : disk.read(key);
  const phone = await phoneOn({ ...disk, read }, house);
  const good = await shot(phone, "good");
  isAway = true;
  await assert.rejects(uploadWaiting(phone), { name: "UnknownError" });
  assert.equal(phone.store.photosAside().length, 0);
  isAway = false;
  await uploadWaiting(phone);
  assert.deepEqual([...house.whole], [good]);
});

test("a picture at which every connection breaks goes behind the others", async () => {
  const house = new House();
  const phone = await phoneOn(await openDisk(newId()), house);
  const [bad, good] = [await shot(phone, "bad"), await shot(phone, "good")];
  house.ills.set(bad, new Offline("reset"));
  for (let n = 0; n < 2; n += 1) await assert.rejects(uploadWaiting(phone), Offline);
  assert.deepEqual([...house.whole], [good]);
});

test("work that the server does not take keeps its place and stops none behind it", async () => {
  for (const ill of ["too large", "fails"]) {
    const house = new House();
    const phone = await phoneOn(await openDisk(newId()), house);
    for (const note of ["first", ill, "third", "fourth"]) await phone.create("customer", { note });
    await phone.push();
    assert.deepEqual(house.taken, ["first", "third", "fourth"]);
    const [left] = phone.store.waiting();
    assert.deepEqual([phone.store.waiting().length, left!.mutation.now["note"]], [1, ill]);
    assert.ok(phone.refusedWork[left!.mutation.id]!.code);
  }
  const phone = await phoneOn(await openDisk(newId()), new House());
  for (let n = 0; n < 20; n += 1) await phone.create("customer", { note: "fails" });
  await assert.rejects(phone.push(), { message: "500 server_error" });
  assert.equal(phone.store.waiting().length, 20);
});

test("work refused here and there stops none of the rest", async () => {
  const house = new House();
  const phone = await phoneOn(await openDisk(newId()), house);
  for (const note of ["1", "fails 1", "2", "fails 2", "3", "fails 3", "4", "5"])
    await phone.create("customer", { note });
  await phone.sync();
  assert.deepEqual([house.taken, Object.keys(phone.refusedWork).length], [["1", "2", "3", "4", "5"], 3]);
});

test("work refused in a row goes behind the rest, and stops neither news nor pictures", async () => {
  const house = new House();
  const phone = await phoneOn(await openDisk(newId()), house);
  const bad: string[] = [];
  for (let n = 0; n < 6; n += 1) bad.push(await phone.create("customer", { note: `fails ${n}` }));
  await phone.create("customer", { note: "4" });
  const picture = await shot(phone, "good");
  const seen: [number, string[]][] = [];
  for (let n = 0; n < 5; n += 1) {
    await assert.rejects(phone.sync(), { message: "500 server_error" });
    seen.push([house.pulls, [...house.taken]]);
    if (n !== 2) continue;
    await phone.change("customer", bad[5]!, { note: "after it" });
    await phone.create("customer", { note: "5" });
  }
  assert.deepEqual([...house.whole], [picture]);
  // New work goes at once; behind one that was refused, when its turn comes, and never before it.
  assert.deepEqual(seen, [
    [1, []],
    [2, []],
    [3, ["4"]],
    [4, ["4", "5"]],
    [5, ["4", "5", "after it"]],
  ]);
  // Nobody signed in: the rest would come to the same.
  await phone.create("customer", { note: "signed out" });
  await assert.rejects(phone.sync(), { message: "401 other_password" });
  assert.equal(house.pulls, 5);
});

test("a photo's time is the picture's own or none; its type is told by its content", async () => {
  const { cases } = JSON.parse(
    readFileSync(new URL("../../../tests/cases/photo-own-time/pictures.json", import.meta.url), "utf-8"),
  ) as {
    cases: {
      name: string;
      base64: string;
      media_type: string;
      taken_at: string | null;
      taken_local: string | null;
    }[];
  };
  for (const one of cases) {
    const data = Uint8Array.from(Buffer.from(one.base64, "base64")).buffer;
    const local = one.taken_local && one.taken_local.replace(":", "-").replace(":", "-");
    assert.deepEqual(
      [takenOf(data), mediaTypeOf(data)],
      [{ at: one.taken_at, local }, one.media_type],
      one.name,
    );
    for (let end = 0; end < data.byteLength; end += 13)
      assert.ok([null, one.taken_at].includes(takenOf(data.slice(0, end)).at), one.name);
  }
  const phone = await phoneOn(await openDisk(newId()), new House());
  const timed = Uint8Array.from(Buffer.from(cases[0]!.base64, "base64")).buffer;
  await phone.takePhoto({ of: ["visit", "v"], purpose: "site", data: timed });
  await shot(phone, "no picture at all");
  const made = phone.store.waiting().map((one) => one.mutation.now);
  assert.deepEqual(
    made.map((one) => [one["taken_at"], one["media_type"]]),
    [
      [cases[0]!.taken_at, "image/jpeg"],
      [undefined, "application/octet-stream"],
    ],
  );
});

/** Every way in which a browser's connection to its storage dies, by the error it gives; each happens once. */
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
    const phone = new Engine(await Store.open(disk), new House(), browserClock(), DEVICE);
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

test("a write that the browser breaks off is done again whole; one for which there is no room says so", async () => {
  const disk = await openDisk(newId());
  const phone = new Engine(await Store.open(disk), new House(), browserClock(), DEVICE);
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
  const phone = new Engine(await Store.open(disk), new House(), browserClock(), DEVICE);
  for (const note of ["first", "second"]) await phone.create("customer", { note });
  (await connectionOf(disk)).close();
  assert.equal(await deleted(name), "deleted");
  await phone.create("customer", { note: "third" });
  assert.deepEqual(
    (await Store.open(await openDisk(name))).waiting().map((one) => one.mutation.now["note"]),
    ["first", "second", "third"],
  );
});

test("a storage closed on purpose keeps what was handed in before, and does not open itself again", async () => {
  const name = newId();
  const disk = await openDisk(name);
  const phone = await phoneOn(disk, new House());
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

test("what was kept stays equal to its hash through all of it", async () => {
  const phone = await phoneOn(await openDisk(newId()), new House());
  const id = await shot(phone, "a picture");
  assert.equal(await sha256Hex((await phone.store.photoBytes(id))!), phone.store.photo(id)!.sha256);
});

test("a link's secret is the same whatever mail has put round it", () => {
  for (const hash of [
    "#abc_-9.x",
    "#abc_-%209.x",
    "#abc_-9.x%E3%80%82",
    "#abc_-9.x.",
    "#abc_-9.x>",
    "#abc_-9.x%0A",
  ])
    assert.equal(tokenOf(hash), "abc_-9.x", hash);
});
