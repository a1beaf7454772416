/** The conformance vectors of mobile_api_spec/, passed by the phone app's engine. */
import "fake-indexeddb/auto";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import {
  bodyHash,
  canonical,
  digestOf,
  type Held,
  isInside,
  type Key,
  recordHash,
  type Values,
} from "../sync/canonical.ts";
import { sheetHash, sheetOf, statement } from "../sheet.ts";
import { browserClock } from "../sync/clock.ts";
import { openDisk } from "../sync/disk.ts";
import { Engine } from "../sync/engine.ts";
import { answerOf, faults, holds, type Question } from "../sync/forms.ts";
import { newId } from "../sync/ids.ts";
import { type Ask, type Link, Offline, Refused } from "../sync/link.ts";
import { Store } from "../sync/store.ts";
import { newKey, sealedDisk } from "../sync/vault.ts";

function vectors(name: string): any {
  return JSON.parse(
    readFileSync(new URL(`../../../mobile_api_spec/vectors/${name}.json`, import.meta.url), "utf-8"),
  );
}

interface Span {
  after: Key | null;
  upto: Key | null;
}

const NOTE = "0193c0de-0000-7000-8000-000000000009";
const DEVICE = { name: "vectors", appVersion: "test" };

async function emptyStore(): Promise<Store> {
  return Store.open(sealedDisk(await openDisk(newId()), await newKey()));
}

test("hashes of bodies and records", async () => {
  for (const one of vectors("hashes").cases) {
    assert.equal(canonical(one.body), one.canonical);
    assert.equal(await bodyHash(one.body), one.body_sha256);
    assert.equal(await recordHash(one), one.record_hash.slice(0, 32));
  }
});

test("digests of ranges", async () => {
  const { cases, ranges } = vectors("hashes") as {
    cases: Held[];
    ranges: { after: Key | null; upto: Key | null; count: number; xor: string }[];
  };
  for (const range of ranges) {
    const inside = cases.filter(
      (one) => one.in.length && isInside([one.kind, one.id], range.after, range.upto),
    );
    assert.deepEqual(await digestOf(inside), { count: range.count, xor: range.xor });
  }
});

test("numbers and texts in their one form", () => {
  for (const one of vectors("numbers").cases)
    assert.equal(canonical(JSON.parse(one.json)), one.canonical, one.name);
});

test("conditions of forms", () => {
  for (const one of vectors("expressions").cases)
    assert.equal(holds(one.condition, one.answers ?? {}, one.value ?? null), one.holds, one.name);
});

test("questionnaires find the same faults as the server", () => {
  const { rows, cases } = vectors("forms") as {
    rows: Question[];
    cases: { name: string; answers: Values; faults: [string, string][] }[];
  };
  for (const one of cases) assert.deepEqual(faults(rows, one.answers), one.faults, one.name);
});

test("what a person types is the answer, as far as a number can say it", () => {
  for (const one of vectors("forms").typed)
    assert.deepEqual(answerOf(one as Question, one.typed), one.answer, one.name);
});

test("white space around a number is what the table says, no more and no less", () => {
  const { white_space, others } = vectors("forms").blanks as Record<"white_space" | "others", string[]>;
  for (const code of [...white_space, ...others]) {
    const sign = String.fromCodePoint(parseInt(code, 16));
    const isBlank = white_space.includes(code);
    const row = { type: "integer", name: "n" };
    const both = `${sign}7${sign}${sign}`;
    assert.equal(answerOf(row, both), isBlank ? 7 : both, code);
    assert.equal(answerOf(row, sign), isBlank ? null : sign, code);
  }
});

/** A server that says what the case says, and keeps what it was asked. */
class Script implements Link {
  readonly asked: [path: string, body: any][] = [];
  readonly answers: [verb: string, answer: any][];

  constructor(answers: [string, any][]) {
    this.answers = answers;
  }

  async send(_method: string, path: string, ask: Ask = {}): Promise<Response> {
    const body = ask.json as any;
    this.asked.push([path, body]);
    const [verb, answer] = this.answers.shift()!;
    if (verb === "lost") throw new Offline();
    assert.equal(path, `/sync/${verb}`);
    if (answer.refused) throw new Refused(409, { code: answer.refused, why: answer.why });
    for (const [n, mutation] of (body.mutations ?? []).entries()) answer.outcomes[n].id = mutation.id;
    return new Response(JSON.stringify(answer));
  }
}

for (const one of [...vectors("store").cases, ...vectors("cursors").cases]) {
  test(`what a phone makes of the answers: ${one.name}`, async () => {
    const script = new Script(structuredClone(one.answers));
    const phone = new Engine(await emptyStore(), script, browserClock(), DEVICE);
    await phone.store.transaction(() =>
      phone.store.setMeta({ staff: "s", access: "t", device: newId(), store: newId() }),
    );
    if (one.create) {
      await phone.create("n", { v: 1 }, NOTE);
      await phone.push();
    }
    while (script.answers.length)
      await phone.pull().catch((error: unknown) => assert.ok(error instanceof Offline));
    assert.deepEqual(phone.store.versions(), one.shows);
    assert.equal(phone.store.waiting().length, one.queue ?? 0);
    const pulls = script.asked.filter(([path]) => path === "/sync/pull").map(([, body]) => body);
    if (one.have) assert.deepEqual(Object.entries(pulls.at(-1)!.have), one.have);
    if (one.cursors)
      assert.deepEqual(
        pulls.map((body) => body.cursor),
        one.cursors,
      );
    const ranges = script.asked
      .filter(([path]) => path === "/sync/compare")
      .map(([, body]) => body.ranges as Span[]);
    if (one.ranges)
      assert.deepEqual(
        ranges.map((many) => many.map(({ after, upto }) => ({ after, upto }))),
        one.ranges,
      );
    if (one.cursor_sent) assert.equal(pulls.at(-1).cursor, one.cursor_sent);
  });
}

test("service sheets and what the device signs of a signature", async () => {
  for (const one of vectors("sheets").cases) {
    assert.deepEqual(sheetOf(one.job, one.photos), one.sheet, one.name);
    assert.equal(await sheetHash(one.sheet), one.sha256, one.name);
    assert.equal(await statement(one.id, one.device_id, one.signature), one.statement, one.name);
  }
});
