/** A phone in memory (protocol.md, sections 1, 3, 4, 6 and 7). `send(path, body)` gives an answer or throws. */
import { randomUUID } from "node:crypto";

import { digestOf, isInside } from "./canonical.mjs";

const WHOLE = { after: null, upto: null };
const BATCH = 500;
const RANGES = 64;

/** An error that the server answered with. */
export class Refused extends Error {
  constructor(status, problem) {
    super(`${status} ${problem.code}`);
    Object.assign(this, { status, code: problem.code, problem });
  }
}

function keyOf({ kind, id }) {
  return `${kind}/${id}`;
}

export class Phone {
  store = randomUUID();
  boot = randomUUID();
  cursor = null;
  epoch = null;
  scopes = [];
  drops = new Set();
  have = {};
  records = new Map();
  /** Everything entered, with its outcome; a held one stays without end. */
  journal = [];

  constructor(send) {
    this.send = send;
  }

  get queue() {
    return this.journal.filter((entry) => !entry.isDone);
  }

  enter(kind, record, op, now, more = {}) {
    const held = this.records.get(`${kind}/${record}`);
    const was = held ? Object.fromEntries(Object.keys(now).map((name) => [name, held.body[name] ?? null])) : {};
    const clocks = { happened_at: new Date().toISOString(), monotonic_ms: Math.round(performance.now()), boot: this.boot };
    const mutation = { id: randomUUID(), kind, record, op, base_version: held?.version ?? 0, was, now, ...clocks, ...more };
    this.journal.push({ mutation, outcome: null, isDone: false, answeredAt: null });
    return mutation.id;
  }

  visible() {
    return [...this.records.values()].filter((one) => one.in.some((scope) => !this.drops.has(scope)));
  }

  // -- push ------------------------------------------------------------------------------------------------------

  async push() {
    const asked = new Set();
    for (let most = BATCH; ; ) {
      const batch = this.queue.map((entry) => entry.mutation).filter((one) => !asked.has(one.id)).slice(0, most);
      if (!batch.length) return;
      const clocks = { sent_at: new Date().toISOString(), boot: this.boot, monotonic_ms: Math.round(performance.now()) };
      let answer;
      try {
        answer = await this.send("/sync/push", { store: this.store, schema: 1, ...clocks, mutations: batch });
      } catch (error) {
        if (error.code !== "too_large" || batch.length === 1) throw error;
        most = Math.ceil(batch.length / 2);
        continue;
      }
      this.#keepOutcomes(answer);
      const answered = answer.outcomes.map((one) => one.id);
      answer.outcomes.filter((one) => one.status === "held").forEach((one) => asked.add(one.id));
      if (batch.some((one) => answered.includes(one.id))) continue;
      if (batch.length === 1) asked.add(batch[0].id);
      most = Math.ceil(batch.length / 2);
    }
  }

  #keepOutcomes({ outcomes, server_time }) {
    for (const outcome of outcomes) {
      const entry = this.journal.find((one) => one.mutation.id === outcome.id);
      if (entry) Object.assign(entry, { outcome, isDone: outcome.status !== "held", answeredAt: server_time });
      if (!outcome.record) continue;
      this.#keepLine(outcome.record);
      if (outcome.record.in.length) this.have[keyOf(outcome.record)] = outcome.record.version;
    }
  }

  // -- pull ------------------------------------------------------------------------------------------------------

  async pull() {
    for (;;) {
      const have = Object.fromEntries(Object.entries(this.have).filter(([key, version]) => this.records.get(key)?.in.length && this.records.get(key).version === version));
      let page;
      try {
        page = await this.send("/sync/pull", { store: this.store, cursor: this.cursor, have });
      } catch (error) {
        if (error.code !== "start_compare") throw error;
        await this.compare();
        continue;
      }
      this.#noteEpoch(page);
      this.#keepPage(page);
      if (!page.more) return;
    }
  }

  #keepPage(page) {
    page.drops.forEach((scope) => this.drops.add(scope));
    const back = page.scopes.map((one) => one.scope).filter((scope) => this.drops.has(scope) && !page.drops.includes(scope));
    this.#leave(back);
    for (const line of page.lines) {
      this.#keepLine(line);
      if (line.ahead) this.have[keyOf(line)] = Math.max(line.version, this.have[keyOf(line)] ?? 0);
    }
    if (!page.more) {
      this.#leave([...this.drops]);
      for (const [key, held] of this.records) if (!held.in.length && !this.#hasUnsent(key)) this.records.delete(key);
      this.have = {};
    }
    this.cursor = page.cursor;
    this.scopes = page.scopes.map((one) => one.scope);
  }

  #leave(scopes) {
    for (const held of scopes.length ? this.records.values() : []) held.in = held.in.filter((scope) => !scopes.includes(scope));
    scopes.forEach((scope) => this.drops.delete(scope));
  }

  #hasUnsent(key) {
    return this.queue.some(({ mutation }) => `${mutation.kind}/${mutation.record}` === key);
  }

  #keepLine(line, isRepair = false) {
    const key = keyOf(line);
    const held = this.records.get(key);
    if (held && held.version > line.version && !isRepair) return;
    if (!line.in.length) this.#lose(key, line.version);
    else if (!line.same) this.records.set(key, { kind: line.kind, id: line.id, version: line.version, in: [...line.in], body: line.body });
    else if (held) held.in = [...line.in];
  }

  #lose(key, version) {
    const held = this.records.get(key);
    if (held && this.#hasUnsent(key)) Object.assign(held, { in: [], version });
    else this.records.delete(key);
  }

  // -- mending ---------------------------------------------------------------------------------------------------

  async compare() {
    let first = null;
    for (let ranges = [WHOLE]; ranges.length; ) {
      const asked = ranges.splice(0, RANGES).map(({ after, upto }) => ({ after, upto, ...digestOf(this.#inside(after, upto)) }));
      const answer = await this.send("/sync/compare", { store: this.store, ranges: asked });
      first ??= answer;
      this.#noteEpoch(answer);
      answer.repairs.forEach((repair) => this.#repair(repair));
      ranges.push(...answer.ask);
    }
    for (const held of this.records.values()) if (!held.in.length) held.version = 0;
    this.cursor = first.cursor;
    this.scopes = first.scopes.map((one) => one.scope);
    this.have = {};
    this.drops.clear();
  }

  #inside(after, upto) {
    return [...this.records.values()].filter((one) => one.in.length && isInside([one.kind, one.id], after, upto));
  }

  #repair({ after, upto, lines }) {
    const listed = new Set(lines.map(keyOf));
    this.#inside(after, upto).map(keyOf).filter((key) => !listed.has(key)).forEach((key) => this.#lose(key, 0));
    lines.forEach((line) => this.#keepLine(line, true));
  }

  #noteEpoch({ epoch, epochs }) {
    if (this.epoch !== null && this.epoch !== epoch) {
      const holds = epochs.filter(([number]) => number > this.epoch).map(([, through]) => through ?? "");
      const least = holds.sort()[0] ?? "";
      for (const entry of this.journal) if (entry.isDone && entry.answeredAt > least) entry.isDone = false;
    }
    this.epoch = epoch;
  }
}
