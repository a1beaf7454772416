/**
 * Handing work in, oldest first, in batches: a piece that the server does not take stops none of the others
 * (protocol, section 5).
 */
import type { Values } from "./canonical.ts";
import { moment } from "./clock.ts";
import type { Engine } from "./engine.ts";
import { type Problem, Refused } from "./link.ts";
import type { Mutation, Outcome } from "./store.ts";

const BATCH = 500;
/** About what was sent, not about who sends: without the piece that is at fault the rest would be taken. */
const ABOUT_CONTENT = ["too_large", "bad_json", "invalid"];
/** So many pieces refused alone, with no answer between them, by a server that fails: it is not them. */
const FAILS = 3;

/** A batch too large, or answered for none, is halved. A held piece is asked about by later pushes. */
export async function pushWaiting(engine: Engine): Promise<void> {
  const asked = new Set(engine.store.meta<string[]>("held", []));
  const refused = Object.keys(engine.refusedWork);
  for (let [most, fails] = [BATCH, 0]; ;) {
    const batch = next(engine, refused, asked).slice(0, most);
    if (!batch.length) return;
    try {
      const answer = await engine.ask("POST", "/sync/push", { json: envelope(engine, batch) });
      const { outcomes, server_time: at } = (await answer.json()) as {
        outcomes: Outcome[];
        server_time: string;
      };
      fails = 0;
      await keepOutcomes(engine, outcomes, at);
      outcomes.filter((one) => one.status === "held").forEach((one) => asked.add(one.id));
      const answered = new Set(outcomes.map((one) => one.id));
      if (batch.some((one) => answered.has(one.id))) continue;
      // The same again would come to the same: what stands alone and got no word waits for the next sync.
      if (batch.length === 1) asked.add(batch[0]!.id);
      most = Math.max(Math.floor(batch.length / 2), 1);
    } catch (error) {
      const isContent =
        error instanceof Refused && (ABOUT_CONTENT.includes(error.code) || error.status === 500);
      // The last of them comes first the next time.
      if (!isContent || (batch.length === 1 && error.status === 500 && (fails += 1) >= FAILS)) throw error;
      most = Math.floor(batch.length / 2);
      if (most) continue;
      // Refused alone, it stays in the queue, says why, and stops none behind it.
      asked.add(batch[0]!.id);
      await noteRefused(engine, batch[0]!.id, error.problem);
      most = BATCH;
    }
  }
}

/**
 * What goes now: the others first, then what was refused before this push, by turns. One record's work keeps
 * its order.
 */
function next(engine: Engine, refused: readonly string[], asked: ReadonlySet<string>): Mutation[] {
  const first: Mutation[] = [];
  const behind = new Map<string, Mutation[]>();
  for (const { mutation } of engine.store.waiting()) {
    const record = `${mutation.kind}/${mutation.record}`;
    if (refused.includes(mutation.id) && !behind.has(record)) behind.set(record, []);
    (behind.get(record) ?? first).push(mutation);
  }
  const turn = (work: Mutation[]): number => refused.indexOf(work[0]!.id);
  const last = [...behind.values()].sort((a, b) => turn(a) - turn(b)).flat();
  const [now, later] = [first, last].map((some) => some.filter((one) => !asked.has(one.id)));
  return now!.length ? now! : later!;
}

/**
 * The newest at the end: it comes last the next time, so that those behind it are not kept back by the same
 * few for ever.
 */
function noteRefused(engine: Engine, id: string, problem: Problem): Promise<void> {
  const waiting = new Set(engine.store.waiting().map((one) => one.mutation.id));
  const known = Object.entries(engine.refusedWork).filter(([one]) => one !== id && waiting.has(one));
  return engine.store.transaction(() =>
    engine.store.setMeta({ refused: { ...Object.fromEntries(known), [id]: problem } }),
  );
}

function envelope({ store, clock }: Engine, mutations: Mutation[]): Values {
  const clocks = { sent_at: moment(clock), boot: clock.boot, monotonic_ms: clock.monotonicMs() };
  return { store: store.meta("store", ""), schema: 1, ...clocks, mutations };
}

/** Receipt, body and removal from the queue in one local transaction. */
function keepOutcomes({ store }: Engine, outcomes: Outcome[], at: string): Promise<void> {
  return store.transaction(() => {
    store.answer(outcomes, at);
    const have = { ...store.meta<Record<string, number>>("have", {}) };
    for (const { record } of outcomes) {
      if (!record) continue;
      store.keepLine(record);
      if (record.in.length) have[`${record.kind}/${record.id}`] = record.version;
    }
    const held = outcomes.filter((one) => one.status === "held").map((one) => one.id);
    store.setMeta({ have, held: [...store.meta<string[]>("held", []), ...held] });
  });
}
