/** Handing work in: batches, halves, what is refused alone, held pieces, and the death of the network. */
import "fake-indexeddb/auto";
import { beforeEach, describe, expect, it } from "vitest";

import type { Values } from "../sync/canonical.ts";
import { browserClock } from "../sync/clock.ts";
import { openDisk } from "../sync/disk.ts";
import { Engine } from "../sync/engine.ts";
import { newId } from "../sync/ids.ts";
import { type Ask, type Link, Offline, Refused } from "../sync/link.ts";
import { type Mutation, type Outcome, Store } from "../sync/store.ts";
import { DEVICE } from "./small_server.ts";

const AT = "2026-12-01T01:00:00.000000Z";

/** A server that judges each batch. */
class Judge implements Link {
  readonly batches: string[][] = [];
  judge: (mutations: Mutation[]) => Outcome[] = (all) => all.map(({ id }) => ({ id, status: "applied" }));

  async send(_method: string, path: string, ask: Ask = {}): Promise<Response> {
    if (path !== "/sync/push") throw new Offline("not here");
    const { mutations } = ask.json as { mutations: Mutation[] };
    this.batches.push(mutations.map(note));
    return Response.json({ outcomes: this.judge(mutations), server_time: AT });
  }
}
const note = (one: Mutation): string => String(one.now["note"] ?? one.action ?? one.op);

let server: Judge;
let phone: Engine;
beforeEach(async () => {
  server = new Judge();
  phone = new Engine(await Store.open(await openDisk(newId())), server, browserClock(), DEVICE);
  await phone.store.transaction(() => phone.store.setMeta({ staff: "me", access: "a", store: "s" }));
});
const make = async (...notes: string[]): Promise<void> => {
  for (const one of notes) await phone.create("visit", { note: one });
};
const waiting = (): string[] => phone.store.waiting().map((one) => note(one.mutation));
const refuse = (...bad: string[]): void => {
  server.judge = (all) => {
    if (all.some((one) => bad.includes(note(one)))) throw new Refused(400, { code: "invalid" });
    return all.map(({ id }) => ({ id, status: "applied" }));
  };
};

describe("work", () => {
  it("goes oldest first, in one batch, and is a receipt afterwards", async () => {
    await make("one", "two", "three");
    await phone.push();
    expect(server.batches).toEqual([["one", "two", "three"]]);
    expect(waiting()).toEqual([]);
    expect(phone.store.journal().map((one) => [one.outcome!.status, one.answeredAt])).toEqual([
      ["applied", AT],
      ["applied", AT],
      ["applied", AT],
    ]);
  });

  it("carries who made it, from which version, and what stood there before", async () => {
    const line = { kind: "customer", id: "k", version: 4, body: { phone: "1" }, in: ["a"] };
    await phone.store.transaction(() => phone.store.keepLine(line as never));
    await phone.change("customer", "k", { phone: "2", note: "x" });
    expect(phone.store.waiting()[0]!.mutation).toMatchObject({
      author: "me",
      base_version: 4,
      was: { phone: "1", note: null },
      now: { phone: "2", note: "x" },
    });
  });

  it("goes in batches of five hundred", async () => {
    await phone.store.transaction(() => {
      for (let n = 0; n < 501; n += 1) phone.enqueue("visit", `v${n}`, "create", { note: String(n) });
    });
    await phone.push();
    expect(server.batches.map((one) => one.length)).toEqual([500, 1]);
  });

  it("is nothing to ask about where there is none", async () => {
    await phone.push();
    expect(server.batches).toEqual([]);
  });

  it("typed on after it was kept stays as it was kept", async () => {
    const typed: Values = { note: "kept", parts: [{ name: "阀门" }] };
    await phone.create("visit", typed);
    typed["note"] = "typed on";
    (typed["parts"] as Values[])[0]!["name"] = "别的";
    expect(phone.store.waiting()[0]!.mutation.now).toEqual({ note: "kept", parts: [{ name: "阀门" }] });
  });
});

describe("an answer", () => {
  it("brings the record as it stands now", async () => {
    const id = await phone.create("visit", { note: "mine" });
    server.judge = (all) =>
      all.map((one) => ({
        id: one.id,
        status: "merged",
        record: { kind: "visit", id, version: 7, body: { id, note: "theirs" }, in: ["cell:a"] } as never,
      }));
    await phone.push();
    expect(phone.records("visit").get(id)).toMatchObject({ note: "theirs" });
    expect(phone.store.meta("have", {})).toEqual({ [`visit/${id}`]: 7 });
    expect(phone.store.journal()[0]!.outcome).not.toHaveProperty("record");
  });

  it("that holds a piece leaves it in the queue, and it is asked about in the next round", async () => {
    await make("held", "free");
    server.judge = (all) =>
      all.map((one) => ({ id: one.id, status: note(one) === "held" ? "held" : "applied" }));
    await phone.push();
    expect([waiting(), server.batches.length]).toEqual([["held"], 1]);
    await phone.push();
    expect(server.batches).toHaveLength(1);
    // A pull that is through ends the holding of a round.
    await phone.store.transaction(() => phone.store.setMeta({ held: [] }));
    server.judge = (all) => all.map(({ id }) => ({ id, status: "applied" }));
    await phone.push();
    expect(waiting()).toEqual([]);
  });

  it("that speaks of other work makes no endless round", async () => {
    await make("one", "two", "three", "four");
    server.judge = () => [{ id: newId(), status: "applied" }];
    await phone.push();
    expect(waiting()).toHaveLength(4);
    expect(server.batches.length).toBeLessThan(15);
  });
});

describe("a piece that the server does not take", () => {
  it("is found by halves; everything beside it goes", async () => {
    await make("1", "2", "3", "bad", "5", "6", "7", "8");
    refuse("bad");
    await phone.push();
    expect(waiting()).toEqual(["bad"]);
    const { id } = phone.store.waiting()[0]!.mutation;
    expect(phone.refusedWork).toEqual({ [id]: { code: "invalid" } });
  });

  it("says why until it is taken", async () => {
    await make("bad");
    refuse("bad");
    await phone.push();
    server.judge = (all) => all.map(({ id }) => ({ id, status: "applied" }));
    await phone.push();
    expect(waiting()).toEqual([]);
  });

  it("keeps the work on its own record behind it, and lets other records go first", async () => {
    const id = await phone.create("visit", { note: "bad" });
    await phone.change("visit", id, { note: "after" });
    await make("other");
    refuse("bad");
    await phone.push();
    server.batches.length = 0;
    await make("new");
    await phone.push();
    expect(server.batches[0]).not.toContain("bad");
    expect(waiting()[0]).toBe("bad");
  });

  it("one after another comes by turns in later rounds", async () => {
    await make("bad 1", "bad 2", "good");
    refuse("bad 1", "bad 2");
    await phone.push();
    const order = Object.keys(phone.refusedWork);
    expect(order).toHaveLength(2);
    await phone.push();
    expect(Object.keys(phone.refusedWork)).toHaveLength(2);
    expect(waiting()).toEqual(["bad 1", "bad 2"]);
  });
});

describe("a server that fails", () => {
  it("at everything is left alone after three pieces, and nothing is lost", async () => {
    await make("1", "2", "3", "4", "5", "6");
    server.judge = () => {
      throw new Refused(500, { code: "server_error" });
    };
    await expect(phone.push()).rejects.toThrow("server_error");
    expect(waiting()).toHaveLength(6);
    expect(Object.keys(phone.refusedWork).length).toBeLessThan(3);
  });

  it.each([
    new Refused(401, { code: "refresh_ended" }),
    new Refused(403, { code: "device_revoked" }),
    new Refused(429, { code: "too_many" }),
    new Refused(503, { code: "busy" }),
    new Offline("cut"),
  ])("for another reason than the work blames none: %s", async (error) => {
    await make("1", "2");
    server.judge = () => {
      throw error;
    };
    await expect(phone.push()).rejects.toBe(error);
    expect([waiting().length, phone.refusedWork, server.batches.length]).toEqual([2, {}, 1]);
  });

  it("after it has taken the work answers the same again, and the work is there once", async () => {
    await make("one");
    const taken = new Set<string>();
    let isCut = true;
    server.judge = (all) => {
      all.forEach((one) => taken.add(one.id));
      if (isCut) throw new Offline("the answer was lost");
      return all.map(({ id }) => ({ id, status: "applied" }));
    };
    await expect(phone.push()).rejects.toThrow(Offline);
    isCut = false;
    await phone.push();
    expect([taken.size, waiting()]).toEqual([1, []]);
  });
});

describe("a round", () => {
  it("goes on with news and pictures although work was not taken, and says so at its end", async () => {
    const done: string[] = [];
    phone.push = () => Promise.reject(new Refused(500, { code: "server_error" }));
    phone.pull = () => Promise.resolve(void done.push("pull"));
    phone.mayUpload = () => Boolean(done.push("upload")) && false;
    await expect(phone.sync()).rejects.toThrow("server_error");
    expect(done).toEqual(["pull", "upload"]);
  });

  it.each([
    new Offline("cut"),
    new Refused(401, { code: "refresh_ended" }),
    new DOMException("full", "QuotaExceededError"),
  ])("ends at once where the rest would come to the same: %s", async (error) => {
    const done: string[] = [];
    phone.push = () => Promise.reject(error);
    phone.pull = () => Promise.resolve(void done.push("pull"));
    await expect(phone.sync()).rejects.toBe(error);
    expect(done).toEqual([]);
  });
});

describe("work given again", () => {
  it("as a change sets only what is given; as a step it is repeated whole", async () => {
    await phone.change("visit", "v", { note: "old", summary: "s" });
    await phone.act("visit", "v", "complete", { summary: "s" });
    const [change, step] = phone.store.waiting().map((one) => one.mutation);
    await phone.correct(change!, { note: "new" });
    await phone.correct(step!, { summary: "better" });
    const again = phone.store
      .waiting()
      .slice(2)
      .map((one) => one.mutation);
    expect(again[0]!.now).toEqual({ note: "new" });
    expect(again[1]).toMatchObject({ op: "act", action: "complete", now: { summary: "better" } });
  });
});
