/**
 * What the phone tells beside its records: where work happened (on shift alone), and which seals it holds.
 */
import type { components } from "@wangge/shared/api/schema.d.ts";
import type { Values } from "@wangge/shared/sync/canonical.ts";
import type { Engine } from "@wangge/shared/sync/engine.ts";
import { Refused } from "@wangge/shared/sync/link.ts";

import { whereAmI } from "./place.ts";

/** The steps at which a position may be told; anything else is nobody's business. */
const EVENTS = new Set([
  "shift_start",
  "shift_end",
  "leave",
  "arrive",
  "start",
  "pause",
  "finish",
  "check_in",
]);
const SEALS = 100;
const POSITIONS = 500;
/** Refused for what one of them says. */
const ABOUT_CONTENT = [400, 413, 422];
/** Nobody has looked at them yet. */
const NOT_NOW = [401, 429];
const WITNESS_EVERY_MS = 3_600_000;

/** The open shift of whoever holds the phone. */
export function openShift(duties: Iterable<Values>, staff: string): Values | undefined {
  return [...duties].find((one) => one["staff_id"] === staff && !one["ended_at"]);
}

/**
 * Note where a piece of work happened, to be told after the next sync. It waits for the satellite, never the
 * work for it.
 */
export async function noteEvent(
  found: Engine,
  event: string,
  of?: [kind: string, id: string],
): Promise<void> {
  if (!EVENTS.has(event)) return;
  const isOnShift = openShift(found.records("duty").values(), found.staffId) || event === "shift_end";
  if (!isOnShift) return;
  const at = new Date(found.clock.now()).toISOString();
  const fix = await whereAmI();
  if (!fix) return;
  const [lng, lat] = fix.place.coordinates;
  const told = {
    event,
    at,
    lng,
    lat,
    accuracy_m: fix.accuracyM,
    ...(of && { of_kind: of[0], of_id: of[1] }),
  };
  const { store } = found;
  await store.transaction(() =>
    store.setMeta({ positions: [...store.meta<Values[]>("positions", []), told] }),
  );
}

/**
 * Tell what was noted; whatever the answer, it is forgotten here: what the house may not keep, the phone
 * keeps neither.
 *
 * One that cannot be read stops no other: a batch refused for it is halved.
 */
export async function tellPositions(found: Engine): Promise<void> {
  const { store } = found;
  for (let most = POSITIONS; ;) {
    const told = store.meta<Values[]>("positions", []).slice(0, most);
    if (!told.length || store.waiting().some((one) => one.mutation.kind === "duty")) return;
    try {
      await found.ask("POST", "/positions", { json: { positions: told } });
    } catch (error) {
      if (!(error instanceof Refused) || NOT_NOW.includes(error.status) || error.status >= 500) throw error;
      most = Math.floor(told.length / 2);
      if (most && ABOUT_CONTENT.includes(error.status)) continue;
    }
    most = POSITIONS;
    await store.transaction(() =>
      store.setMeta({ positions: store.meta<Values[]>("positions", []).slice(told.length) }),
    );
  }
}

type Seal = components["schemas"]["SealHeld"];
type Compared = components["schemas"]["SealsCompared"];

/** Once an hour: say which seals are held here, and keep the newest. */
export async function witnessSeals(found: Engine): Promise<void> {
  const { store } = found;
  const now = found.clock.now();
  if (now - store.meta("witnessedAt", 0) < WITNESS_EVERY_MS) return;
  const seals = store.meta<Seal[]>("seals", []);
  const answer = await orOld(() => found.ask("POST", "/evidence/seals/witness", { json: { seals } }));
  const newest = answer && ((await answer.json()) as Compared).newest;
  const isNew = newest && !seals.some((one) => one.number === newest.number);
  await store.transaction(() =>
    store.setMeta({ witnessedAt: now, seals: isNew ? [...seals, newest].slice(-SEALS) : seals }),
  );
}

/** The answer; null from a server that does not know the question yet. */
async function orOld(ask: () => Promise<Response>): Promise<Response | null> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof Refused) return null;
    throw error;
  }
}
