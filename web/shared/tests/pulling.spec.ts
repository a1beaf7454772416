/** What a phone makes of the server's pages: scopes that come and go, cursors, epochs, repairs, wiping. */
import "fake-indexeddb/auto";
import { beforeEach, describe, expect, it } from "vitest";

import type { Values } from "../sync/canonical.ts";
import { browserClock } from "../sync/clock.ts";
import { openDisk } from "../sync/disk.ts";
import { Engine } from "../sync/engine.ts";
import { newId } from "../sync/ids.ts";
import { type Ask, type Link, Offline, Refused } from "../sync/link.ts";
import { Store } from "../sync/store.ts";
import { bytesOf, DEVICE } from "./small_server.ts";

const AT = "2026-12-01T01:00:00.000000Z";
type Answer = Values | Error;

/** A server that answers what stands in its list, one after another. */
class Script implements Link {
  readonly answers: Answer[] = [];
  readonly asked: { path: string; body: Values }[] = [];

  async send(_method: string, path: string, ask: Ask = {}): Promise<Response> {
    this.asked.push({ path, body: structuredClone(ask.json ?? {}) as Values });
    const answer = this.answers.shift() ?? new Offline("nothing more");
    if (answer instanceof Error) throw answer;
    return Response.json(answer);
  }
}

let server: Script;
let phone: Engine;
beforeEach(async () => {
  server = new Script();
  phone = new Engine(await Store.open(await openDisk(newId())), server, browserClock(), DEVICE);
  await phone.store.transaction(() => phone.store.setMeta({ staff: "me", access: "a", store: "s" }));
});

const page = (more: Values = {}): Values => ({
  epoch: 1,
  epochs: [[1, null]],
  backed_up_through: null,
  cursor: "c1",
  more: false,
  complete: { 0: true },
  drops: [],
  scopes: [{ scope: "cell:a" }],
  lines: [],
  server_time: AT,
  ...more,
});
const line = (id: string, more: Values = {}): Values => ({
  kind: "customer",
  id,
  version: 1,
  body: { id, name: `n${id}` },
  in: ["cell:a"],
  ...more,
});
async function pulled(...answers: Answer[]): Promise<void> {
  server.answers.push(...answers);
  await phone.pull();
}
const shown = (): string[] => [...phone.records("customer").keys()];
const lastAsked = (): Values => server.asked.at(-1)!.body;

describe("a page", () => {
  it("is kept whole, with the cursor to go on from", async () => {
    await pulled(page({ lines: [line("1"), line("2")], cursor: "c7" }));
    expect(shown()).toEqual(["1", "2"]);
    expect(phone.store.meta("cursor", null)).toBe("c7");
    await pulled(page());
    expect(lastAsked()).toMatchObject({ store: "s", cursor: "c7", waiting: 0, app_version: "test" });
  });

  it("is followed by the next while there are more, and each is told of", async () => {
    const told: number[] = [];
    phone.onPage = (lines) => told.push(lines);
    await pulled(
      page({ lines: [line("1")], more: true, cursor: "c1" }),
      page({ lines: [line("2")], cursor: "c2" }),
    );
    expect([told, shown(), phone.store.meta("cursor", null)]).toEqual([[1, 1], ["1", "2"], "c2"]);
  });

  it("that comes twice changes nothing", async () => {
    const twice = page({ lines: [line("1", { version: 3 })] });
    await pulled(twice);
    const before = phone.store.versions();
    await pulled(twice);
    expect(phone.store.versions()).toEqual(before);
  });

  it("that is older than what stands here is not taken for newer", async () => {
    await pulled(page({ lines: [line("1", { version: 3, body: { id: "1", name: "new" } })] }));
    await pulled(page({ lines: [line("1", { version: 2, body: { id: "1", name: "old" } })] }));
    expect(phone.records("customer").get("1")).toMatchObject({ name: "new" });
  });

  it("may say that a body is the same, and only its scopes are others", async () => {
    await pulled(page({ lines: [line("1")] }));
    await pulled(page({ lines: [line("1", { same: true, body: null, in: ["cell:a", "cell:b"] })] }));
    expect(phone.records("customer").get("1")).toMatchObject({ name: "n1" });
    await pulled(page({ lines: [line("9", { same: true, body: null })] }));
    expect(shown()).toEqual(["1"]);
  });

  it("cut off in the middle leaves what had come, and goes on from there", async () => {
    server.answers.push(page({ lines: [line("1")], more: true, cursor: "half" }), new Offline("cut"));
    await expect(phone.pull()).rejects.toThrow(Offline);
    expect(shown()).toEqual(["1"]);
    await pulled(page({ lines: [line("2")] }));
    expect(lastAsked()["cursor"]).toBe("half");
    expect(shown()).toEqual(["1", "2"]);
  });
});

describe("scopes", () => {
  it("that are lost take their records with them, but not what stands in another", async () => {
    await pulled(page({ lines: [line("1"), line("2", { in: ["cell:a", "cell:b"] })] }));
    await pulled(page({ drops: ["cell:a"], scopes: [{ scope: "cell:b" }] }));
    expect(shown()).toEqual(["2"]);
    expect(phone.store.record("customer", "1")).toBeUndefined();
  });

  it("that are lost hide their records from the first page on", async () => {
    await pulled(page({ lines: [line("1")] }));
    server.answers.push(page({ drops: ["cell:a"], more: true }), new Offline("cut"));
    await expect(phone.pull()).rejects.toThrow(Offline);
    expect(shown()).toEqual([]);
    expect(phone.store.record("customer", "1")).toBeDefined();
  });

  it("that are lost and got again in one pull are filled anew", async () => {
    await pulled(page({ lines: [line("1"), line("2")] }));
    await pulled(
      page({ drops: ["cell:a"], more: true, scopes: [] }),
      page({ scopes: [{ scope: "cell:a" }], lines: [line("2")] }),
    );
    expect(shown()).toEqual(["2"]);
  });

  it("that a record leaves hide it, and unsent work on it stays", async () => {
    await pulled(page({ lines: [line("1"), line("2")] }));
    await phone.change("customer", "1", { note: "mine" });
    await pulled(page({ lines: [line("1", { in: [] }), line("2", { in: [] })] }));
    expect(phone.store.record("customer", "2")).toBeUndefined();
    expect(phone.store.waiting()).toHaveLength(1);
    expect(phone.store.record("customer", "1")).toMatchObject({ in: [] });
    expect(phone.store.visible("customer")).toEqual([]);
  });
});

describe("a server that cannot go on from the cursor", () => {
  const compared = (more: Values = {}): Values => ({
    epoch: 1,
    epochs: [[1, null]],
    backed_up_through: null,
    cursor: "fresh",
    scopes: [{ scope: "cell:a" }],
    server_time: AT,
    ask: [],
    repairs: [],
    ...more,
  });
  const compare = new Refused(409, { code: "start_compare" });

  it("is compared with, range by range, and what differs is replaced", async () => {
    await pulled(page({ lines: [line("1"), line("2")] }));
    const halves = [
      { after: null, upto: ["customer", "1"] },
      { after: ["customer", "1"], upto: null },
    ];
    const repair = {
      ...halves[1],
      lines: [line("2", { version: 1, body: { id: "2", name: "right" } }), line("3")],
    };
    await pulled(compare, compared({ ask: halves }), compared({ repairs: [repair] }), page());
    expect(shown()).toEqual(["1", "2", "3"]);
    expect(phone.records("customer").get("2")).toMatchObject({ name: "right" });
    expect(lastAsked()["cursor"]).toBe("fresh");
    const ranges = server.asked
      .filter((one) => one.path === "/sync/compare")
      .map((one) => one.body["ranges"]);
    expect(ranges.map((one) => (one as Values[]).length)).toEqual([1, 2]);
    expect((ranges[0] as Values[])[0]).toMatchObject({ after: null, upto: null, count: 2 });
  });

  it("takes away what the server does not list, but no unsent work", async () => {
    await pulled(page({ lines: [line("1"), line("2")] }));
    await phone.change("customer", "2", { note: "mine" });
    await pulled(compare, compared({ repairs: [{ after: null, upto: null, lines: [] }] }), page());
    expect(phone.store.record("customer", "1")).toBeUndefined();
    expect(phone.store.waiting()).toHaveLength(1);
  });

  it("cut off in the middle of it is compared with again, from the start", async () => {
    await pulled(page({ lines: [line("1")] }));
    server.answers.push(compare, new Offline("cut"));
    await expect(phone.pull()).rejects.toThrow(Offline);
    await pulled(compare, compared(), page());
    expect(shown()).toEqual(["1"]);
  });
});

describe("a server that was restored from a backup", () => {
  const acknowledged = async (at: string): Promise<void> => {
    await phone.create("visit", { note: at });
    const { id } = phone.store.waiting()[0]!.mutation;
    await phone.store.transaction(() => phone.store.answer([{ id, status: "applied" }], at));
  };
  const waiting = (): unknown[] => phone.store.waiting().map((one) => one.mutation.now["note"]);

  it("is sent again what it acknowledged after the moment that it still holds", async () => {
    await pulled(page());
    await acknowledged("2026-12-01T01:00:00.000000Z");
    await acknowledged("2026-12-01T03:00:00.000000Z");
    const epochs = [
      [1, null],
      [2, "2026-12-01T02:00:00.000000Z"],
    ];
    await pulled(page({ epoch: 2, epochs }));
    expect(waiting()).toEqual(["2026-12-01T03:00:00.000000Z"]);
    expect(phone.store.meta("epoch", 0)).toBe(2);
  });

  it("twice is sent what the older of both backups does not hold", async () => {
    await pulled(page());
    await acknowledged("2026-12-01T01:00:00.000000Z");
    await acknowledged("2026-12-01T03:00:00.000000Z");
    const epochs = [
      [1, null],
      [2, "2026-12-01T00:30:00.000000Z"],
      [3, "2026-12-01T04:00:00.000000Z"],
    ];
    await pulled(page({ epoch: 3, epochs }));
    expect(waiting()).toHaveLength(2);
  });

  it("is sent pictures again whose bytes are still here", async () => {
    await pulled(page());
    const id = await phone.takePhoto({ of: ["visit", "v"], purpose: "site", data: bytesOf("x") });
    const done = { isDone: true, arrivedAt: "2026-12-01T03:00:00.000000Z", upload: "/uploads/u", sent: 1 };
    await phone.store.transaction(() => phone.store.setPhoto(id, done));
    await pulled(page({ epoch: 2, epochs: [[2, "2026-12-01T02:00:00.000000Z"]] }));
    expect(phone.store.photo(id)).toMatchObject({ isDone: false, upload: null, sent: 0 });
  });

  it("and holds a backup frees the phone of bytes that are in it", async () => {
    await pulled(page());
    const id = await phone.takePhoto({ of: ["visit", "v"], purpose: "site", data: bytesOf("x") });
    const done = { isDone: true, arrivedAt: "2026-12-01T00:30:00.000000Z" };
    await phone.store.transaction(() => phone.store.setPhoto(id, done));
    await pulled(page({ backed_up_through: "2026-12-01T00:00:00.000000Z" }));
    expect(await phone.store.photoBytes(id)).toBeDefined();
    await pulled(page({ backed_up_through: "2026-12-01T00:45:00.000000Z" }));
    expect([phone.store.photo(id)!.hasBytes, await phone.store.photoBytes(id)]).toEqual([false, undefined]);
  });

  it("shows receipts for a month, however new its backup is", async () => {
    await pulled(page());
    await acknowledged("2026-10-01T00:00:00.000000Z");
    await acknowledged("2026-11-20T00:00:00.000000Z");
    await pulled(page({ backed_up_through: "2026-12-01T00:00:00.000000Z" }));
    expect(phone.store.journal().map((one) => one.answeredAt)).toEqual(["2026-11-20T00:00:00.000000Z"]);
  });
});

describe("a phone that was reported lost", () => {
  const revoked = new Refused(403, { code: "device_revoked" });

  it("wipes itself once its work is in", async () => {
    await pulled(page({ lines: [line("1")] }));
    server.answers.push(revoked);
    await expect(phone.pull()).rejects.toThrow("device_revoked");
    expect([shown(), phone.staffId]).toEqual([[], ""]);
  });

  it("keeps everything while work waits", async () => {
    await pulled(page({ lines: [line("1")] }));
    await phone.change("customer", "1", { note: "mine" });
    server.answers.push(revoked);
    await expect(phone.pull()).rejects.toThrow("device_revoked");
    expect([shown(), phone.staffId, phone.store.waiting().length]).toEqual([["1"], "me", 1]);
  });

  it("keeps everything while a picture has not gone", async () => {
    const id = await phone.takePhoto({ of: ["visit", "v"], purpose: "site", data: bytesOf("x") });
    const [entry] = phone.store.waiting();
    await phone.store.transaction(() =>
      phone.store.answer([{ id: entry!.mutation.id, status: "applied" }], AT),
    );
    server.answers.push(revoked, new Offline("cut"));
    await expect(phone.pull()).rejects.toThrow(Offline);
    expect(await phone.store.photoBytes(id)).toBeDefined();
  });
});

describe("a clock that is wrong", () => {
  it("is told as it stands, beside one that nobody can move", async () => {
    const wrong = { now: () => Date.parse("2031-01-01T00:00:00Z"), monotonicMs: () => 12_345, boot: "b" };
    phone = new Engine(phone.store, server, wrong, DEVICE);
    await phone.create("visit", { note: "one" });
    server.answers.push(new Offline("away"));
    await expect(phone.push()).rejects.toThrow(Offline);
    expect(lastAsked()).toMatchObject({
      sent_at: "2031-01-01T00:00:00.000Z",
      boot: "b",
      monotonic_ms: 12_345,
    });
    const [mutation] = lastAsked()["mutations"] as Values[];
    expect(mutation).toMatchObject({
      happened_at: "2031-01-01T00:00:00.000Z",
      monotonic_ms: 12_345,
      boot: "b",
    });
  });
});
