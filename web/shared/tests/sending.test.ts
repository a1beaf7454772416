/** One bad item never stops the rest; a photo's time is its own or none. */
import "fake-indexeddb/auto";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { tokenOf } from "../link_token.ts";
import { LARGE, openDisk } from "../sync/disk.ts";
import { newId, sha256Hex } from "../sync/ids.ts";
import { Offline, Refused } from "../sync/link.ts";
import { mediaTypeOf, takenOf } from "../sync/pictures.ts";
import { placeOf } from "../sync/store.ts";
import { uploadWaiting } from "../sync/upload.ts";
import { queue as en } from "../../phone/src/en/queue.ts";
import { queue as zh } from "../../phone/src/zh/queue.ts";
import { errorWords } from "../vocabulary/words.ts";
import { bytesOf, codes, phoneOn, shot, SmallServer } from "./small_server.ts";

test("an empty photo is set aside as such, and everything behind it goes", async () => {
  const house = new SmallServer();
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

test("what is refused for good is set aside, tried again or taken out; what may pass waits", async () => {
  const house = new SmallServer();
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
  const house = new SmallServer();
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
  const house = new SmallServer();
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
  const house = new SmallServer();
  const phone = await phoneOn(await openDisk(newId()), house);
  const [bad, good] = [await shot(phone, "bad"), await shot(phone, "good")];
  house.ills.set(bad, new Offline("reset"));
  for (let n = 0; n < 2; n += 1) await assert.rejects(uploadWaiting(phone), Offline);
  assert.deepEqual([...house.whole], [good]);
});

test("work that the server does not take keeps its place and stops none behind it", async () => {
  for (const ill of ["too large", "fails"]) {
    const house = new SmallServer();
    const phone = await phoneOn(await openDisk(newId()), house);
    for (const note of ["first", ill, "third", "fourth"]) await phone.create("customer", { note });
    await phone.push();
    assert.deepEqual(house.taken, ["first", "third", "fourth"]);
    const [left] = phone.store.waiting();
    assert.deepEqual([phone.store.waiting().length, left!.mutation.now["note"]], [1, ill]);
    assert.ok(phone.refusedWork[left!.mutation.id]!.code);
  }
  const phone = await phoneOn(await openDisk(newId()), new SmallServer());
  for (let n = 0; n < 20; n += 1) await phone.create("customer", { note: "fails" });
  await assert.rejects(phone.push(), { message: "500 server_error" });
  assert.equal(phone.store.waiting().length, 20);
});

test("work refused here and there stops none of the rest", async () => {
  const house = new SmallServer();
  const phone = await phoneOn(await openDisk(newId()), house);
  for (const note of ["1", "fails 1", "2", "fails 2", "3", "fails 3", "4", "5"])
    await phone.create("customer", { note });
  await phone.sync();
  assert.deepEqual([house.taken, Object.keys(phone.refusedWork).length], [["1", "2", "3", "4", "5"], 3]);
});

test("work refused in a row goes behind the rest, and stops neither news nor pictures", async () => {
  const house = new SmallServer();
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
  const phone = await phoneOn(await openDisk(newId()), new SmallServer());
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

test("what was kept stays equal to its hash through all of it", async () => {
  const phone = await phoneOn(await openDisk(newId()), new SmallServer());
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
