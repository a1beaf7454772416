/** What is kept is kept whole: transactions, failures of the disk, encryption at rest. */
import "fake-indexeddb/auto";
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";

import { comparable } from "../comparing.ts";
import { browserClock } from "../sync/clock.ts";
import { type Disk, LARGE, openDisk } from "../sync/disk.ts";
import { Engine } from "../sync/engine.ts";
import { newId, sha256Hex } from "../sync/ids.ts";
import { httpLink, type Link, Offline, Refused } from "../sync/link.ts";
import { Store } from "../sync/store.ts";
import { uploadWaiting } from "../sync/upload.ts";
import { newKey, sealedDisk, unwrapKey, wrapKey } from "../sync/vault.ts";

const NOBODY: Link = { send: () => Promise.reject(new Offline()) };
const DEVICE = { name: "test", appVersion: "test" };
const phoneOn = async (disk: Disk): Promise<Engine> =>
  new Engine(await Store.open(disk), NOBODY, browserClock(), DEVICE);

test("what was kept is there after a restart, photo bytes equal", async () => {
  const name = newId();
  const key = await newKey();
  const phone = await phoneOn(sealedDisk(await openDisk(name), key));
  const data = crypto.getRandomValues(new Uint8Array(60_000)).buffer;
  const visit = await phone.create("visit", { summary: "水压正常" });
  const photo = await phone.takePhoto({ of: ["visit", visit], purpose: "scene", data });
  await phone.store.rows.close();

  const again = await phoneOn(sealedDisk(await openDisk(name), key));
  assert.deepEqual(
    again.store.waiting().map((one) => one.mutation.kind),
    ["visit", "photo"],
  );
  assert.equal(again.records("visit").get(visit)?.["summary"], "水压正常");
  assert.equal(await sha256Hex((await again.store.photoBytes(photo))!), await sha256Hex(data));
});

test("a full disk loses nothing that was there and says so", async () => {
  const disk = await openDisk(newId());
  let isFull = false;
  const failing: Disk = {
    ...disk,
    commit: (puts, removals) =>
      isFull ? Promise.reject(new DOMException("full", "QuotaExceededError")) : disk.commit(puts, removals),
  };
  const phone = await phoneOn(failing);
  await phone.create("visit", { summary: "第一次" });
  isFull = true;
  await assert.rejects(phone.create("visit", { summary: "第二次" }), { name: "QuotaExceededError" });
  assert.equal(phone.store.waiting().length, 1);
  isFull = false;
  await phone.create("visit", { summary: "第三次" });
  assert.deepEqual(
    phone.store.waiting().map((one) => one.mutation.now["summary"]),
    ["第一次", "第三次"],
  );
  assert.deepEqual((await phoneOn(disk)).store.waiting().length, 2);
});

test("transactions begun together follow one another", async () => {
  const phone = await phoneOn(await openDisk(newId()));
  await Promise.all(Array.from({ length: 20 }, (_, n) => phone.create("visit", { n })));
  const places = phone.store.waiting().map((one) => one.place);
  assert.deepEqual(places, [...places].sort());
  assert.equal(new Set(places).size, 20);
});

test("nothing readable lies on the disk, and only the right PIN opens it", async () => {
  const disk = await openDisk(newId());
  const key = await newKey();
  const phone = await phoneOn(sealedDisk(disk, key));
  await phone.create("customer", { name: "王小一", phone: "13900000000" });
  await phone.takePhoto({
    of: ["customer", "x"],
    purpose: "scene",
    data: new TextEncoder().encode("王小一的门").buffer,
  });
  const raw = await disk.load();
  const large = await Promise.all(phone.store.photos().map((one) => disk.read(LARGE + one.id)));
  const bytes = [...raw.map((row) => row.value), ...large].map((one) =>
    Buffer.from((one as { data: ArrayBuffer }).data),
  );
  assert.ok(bytes.length > 3);
  for (const one of bytes)
    for (const secret of ["王小一", "13900000000"]) assert.equal(one.includes(secret), false);
  const wrapped = await wrapKey(key, "2580");
  await assert.rejects(unwrapKey(wrapped, "2581"), { name: "OperationError" });
  const opened = await Store.open(sealedDisk(disk, await unwrapKey(wrapped, "2580")));
  assert.equal(opened.waiting().length, 2);
});

test("without an answer the queue stays as it was", async () => {
  const phone = await phoneOn(await openDisk(newId()));
  await phone.create("visit", { summary: "离线" });
  await assert.rejects(phone.sync(), Offline);
  assert.equal(phone.store.waiting().length, 1);
  assert.equal(phone.store.waiting()[0]?.outcome, null);
});

test("an ended sign-in stops uploading and is said; what had been sent of a photo stays sent", async () => {
  const disk = await openDisk(newId());
  const ended: Link = { send: () => Promise.reject(new Refused(401, { code: "refresh_ended" })) };
  const phone = new Engine(await Store.open(disk), ended, browserClock(), DEVICE);
  const photo = await phone.takePhoto({ of: ["visit", "x"], purpose: "site", data: new ArrayBuffer(9) });
  await phone.store.transaction(() => phone.store.setPhoto(photo, { upload: "/uploads/u", sent: 5 }));
  await assert.rejects(uploadWaiting(phone), { name: "Error", message: /refresh_ended/ });
  assert.deepEqual([phone.store.photo(photo)?.upload, phone.store.photo(photo)?.sent], ["/uploads/u", 5]);
});

test("a HEAD answered 401 is known as an ended token, though it has no body", async () => {
  const server = createServer((_request, answer) => answer.writeHead(401).end()).listen(0);
  const { port } = server.address() as AddressInfo;
  await assert.rejects(httpLink(`http://127.0.0.1:${port}`).send("HEAD", "/uploads/u"), {
    message: "401 not_signed_in",
  });
  server.close();
});

test("a device id that is somebody else's gives way to a new one; work and secret stay", async () => {
  const shown: { id: string; secret: string | null }[] = [];
  const link: Link = {
    send: async (_method, _path, ask) => {
      const { device } = ask!.json as { device: { id: string; secret: string | null } };
      shown.push({ id: device.id, secret: device.secret });
      if (shown.length === 1) throw new Refused(409, { code: "device_taken" });
      const secret = shown.length === 2 ? "s" : null;
      return Response.json({
        access_token: "a",
        refresh_token: "r",
        staff_id: "me",
        unit_id: "u",
        roles: [],
        device_secret: secret,
      });
    },
  };
  const phone = new Engine(await Store.open(await openDisk(newId())), link, browserClock(), DEVICE);
  await phone.create("visit", { summary: "水压正常" });
  await phone.signIn("R101", "x");
  await phone.signIn("R101", "x");
  assert.notEqual(shown[0]!.id, shown[1]!.id);
  assert.deepEqual(shown.slice(1), [
    { id: phone.deviceId, secret: null },
    { id: phone.deviceId, secret: "s" },
  ]);
  assert.equal(phone.store.waiting().length, 1);
});

test("a push that made no progress is not repeated; what stands beside it goes out", async () => {
  let pushes = 0;
  const link: Link = {
    send: async (_method, _path, ask) => {
      if ((pushes += 1) > 20) throw new Offline();
      const { mutations } = ask!.json as { mutations: { id: string; now: { summary: string } }[] };
      const spoiled = mutations.some((one) => one.now.summary === "spoiled");
      const ids = spoiled ? [newId()] : mutations.map((one) => one.id);
      return Response.json({
        outcomes: ids.map((id) => ({ id, status: "applied" })),
        server_time: "2026-09-01T08:00:00.000000Z",
      });
    },
  };
  const phone = new Engine(await Store.open(await openDisk(newId())), link, browserClock(), DEVICE);
  for (const summary of ["first", "spoiled", "third"]) await phone.create("visit", { summary });
  await phone.push();
  assert.deepEqual(
    phone.store.waiting().map((one) => one.mutation.now["summary"]),
    ["spoiled"],
  );
  assert.ok(pushes <= 5, String(pushes));
});

test("requests that meet the end of a token together refresh it once", async () => {
  let refreshes = 0;
  const link: Link = {
    send: async (_method, path, ask) => {
      if (path === "/sessions/refresh") {
        refreshes += 1;
        await new Promise((done) => setTimeout(done, 5));
        return Response.json({
          access_token: "new",
          refresh_token: "r2",
          staff_id: "me",
          unit_id: "u",
          roles: [],
        });
      }
      if (ask?.token !== "new") throw new Refused(401, { code: "not_signed_in" });
      return Response.json({});
    },
  };
  const phone = new Engine(await Store.open(await openDisk(newId())), link, browserClock(), DEVICE);
  await phone.store.transaction(() => phone.store.setMeta({ access: "old", refresh: "r1" }));
  await Promise.all([phone.ask("GET", "/a"), phone.ask("GET", "/b"), phone.ask("GET", "/c")]);
  assert.equal(refreshes, 1);
});

test("logins are compared as the server compares them", () => {
  for (const typed of ["U301", " u 301", "Ｕ３０１\u3000", "u\u200b301", "\u202eu301", "u\u034f301\u2800"])
    assert.equal(comparable(typed), "u301");
  assert.notEqual(comparable("u302"), "u301");
});

test("what was parked is given again, and what settles it says so", async () => {
  const phone = await phoneOn(await openDisk(newId()));
  const visit = await phone.create("visit", { method: "faulty", summary: "s" });
  const [first] = phone.store.waiting();
  await phone.store.transaction(() =>
    phone.store.answer(
      [{ id: first!.mutation.id, status: "parked", code: "invalid", detail: {} }],
      "2026-09-01T08:00:00Z",
    ),
  );
  await phone.correct(first!.mutation, { method: "door" });
  const [again] = phone.store.waiting();
  assert.deepEqual(
    [again!.mutation.op, again!.mutation.record, again!.mutation.now],
    ["create", visit, { method: "door", summary: "s" }],
  );
  assert.notEqual(again!.mutation.id, first!.mutation.id);
  const settles = {
    id: again!.mutation.id,
    status: "applied" as const,
    detail: { settles: [first!.mutation.id, newId()] },
  };
  await phone.store.transaction(() => phone.store.answer([settles], "2026-09-01T08:01:00Z"));
  assert.deepEqual(
    phone.store.journal().map((one) => one.outcome?.settledBy),
    [again!.mutation.id, undefined],
  );
  assert.equal(phone.store.waiting().length, 0);
});
