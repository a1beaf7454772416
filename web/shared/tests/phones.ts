/**
 * Phones for the simulator: engines of the app on fake disks, told by JSON lines what to do, against a real
 * server.
 *
 * One line in, one line out: `{"do": …, "phone": …}` → `{"ok": …}` or `{"error": name}`. A phone's disk
 * outlives its engine, so that `open` is a restart; `crash` makes the disk fail for good after so many
 * transactions, as a battery would.
 */
import "fake-indexeddb/auto";
import { createInterface } from "node:readline";

import type { Values } from "../sync/canonical.ts";
import { type Disk, openDisk } from "../sync/disk.ts";
import { Engine } from "../sync/engine.ts";
import { newId } from "../sync/ids.ts";
import { type Ask, httpLink, type Link, Offline } from "../sync/link.ts";
import { Store } from "../sync/store.ts";

const PAGE_LINES = 40;

class Crash extends Error {
  override name = "Crash";
}

/** HTTP with planned accidents, one for each request: `ok`, `lose_request`, `lose_reply`, `repeat`. */
class Accidents implements Link {
  readonly #link: Link;
  plan: string[] = [];

  constructor(origin: string) {
    this.#link = httpLink(origin);
  }

  async send(method: string, path: string, ask: Ask = {}): Promise<Response> {
    const accident = this.plan.shift() ?? "ok";
    if (accident === "lose_request") throw new Offline();
    const answer = await this.#link.send(method, path, ask);
    if (accident === "lose_reply") throw new Offline();
    return accident === "repeat" ? this.#link.send(method, path, ask) : answer;
  }
}

class Phone {
  readonly engine: Engine;
  readonly link: Accidents;
  movedMs = 0;
  left = Infinity;

  private constructor(engine: Engine, link: Accidents) {
    this.engine = engine;
    this.link = link;
  }

  static async open(name: string, origin: string): Promise<Phone> {
    const link = new Accidents(origin);
    const disk = await openDisk(name);
    const began = performance.now();
    let phone: Phone | null = null;
    const failing: Disk = {
      ...disk,
      commit: async (puts, removals) => {
        if (phone && (phone.left -= 1) < 0) throw new Crash();
        await disk.commit(puts, removals);
      },
    };
    const clock = {
      now: () => Date.now() + (phone?.movedMs ?? 0),
      monotonicMs: () => Math.round(performance.now() - began),
      boot: newId(),
    };
    const engine = new Engine(await Store.open(failing), link, clock, {
      name: "simulated",
      appVersion: "simulated",
    });
    engine.pageLines = PAGE_LINES;
    phone = new Phone(engine, link);
    return phone;
  }
}

const phones = new Map<string, Phone>();

type Given = Record<string, any>;

const VERBS: Record<string, (phone: Phone, given: Given) => unknown> = {
  sign_in: ({ engine }, { login, password }) => engine.signIn(login, password).then(() => engine.staffId),
  records: ({ engine }, { kind }) => [...engine.records(kind).keys()],
  create: ({ engine }, { kind, values }) => engine.create(kind, values as Values),
  change: ({ engine }, { kind, record, now }) => engine.change(kind, record, now as Values),
  act: ({ engine }, { kind, record, action, now }) => engine.act(kind, record, action, now as Values),
  sync: async (phone, { plan, crash }) => {
    phone.link.plan = plan ?? [];
    phone.left = crash ?? Infinity;
    try {
      await phone.engine.sync();
    } finally {
      phone.link.plan = [];
    }
  },
  versions: ({ engine }) => engine.store.versions(),
  journal: ({ engine }) => engine.store.journal().map((one) => [one.mutation, one.outcome]),
  scopes: ({ engine }) => engine.store.meta("scopes", []),
  damage: ({ engine }, { kind, record, is_lost }) => damage(engine.store, kind, record, is_lost),
  set_meta: ({ engine }, { values }) =>
    engine.store.transaction(() => engine.store.setMeta(values as Values)),
  move_clock: (phone, { ms }) => (phone.movedMs = ms),
};

/** A row of a failing disk is gone, or says something else. */
function damage(store: Store, kind: string, id: string, isLost: boolean): Promise<void> {
  return store.transaction(() => {
    const held = store.record(kind, id);
    if (isLost) store.rows.remove(`record.${kind}`, id);
    else if (held) store.rows.put(`record.${kind}`, id, { ...held, body: {}, version: held.version + 7 });
  });
}

async function run(given: Given): Promise<unknown> {
  if (given["do"] === "open") {
    phones.set(given["phone"], await Phone.open(given["phone"], given["origin"]));
    return phones.get(given["phone"])!.engine.staffId;
  }
  return VERBS[given["do"]]!(phones.get(given["phone"])!, given);
}

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await run(JSON.parse(line)).then(
    (ok) => ({ ok: ok ?? null }),
    (error: Error) => ({ error: error.constructor.name, text: String(error.stack) }),
  );
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
