/** What the installation says, kept with the phone's store: the city's clock is right without a network. */
import { install, type Installation } from "@wangge/shared/installation.ts";
import type { Engine } from "@wangge/shared/sync/engine.ts";
import type { Store } from "@wangge/shared/sync/store.ts";

/** Between two questions to the server, however often the phone syncs. */
const EVERY_MS = 600_000;
const KEPT = "installation";

interface Kept {
  values: Installation;
  askedAt: number;
}

/** Go by what this phone was last told. */
export function recall(store: Store): void {
  const kept = store.meta<Kept | null>(KEPT, null);
  if (kept) install(kept.values);
}

/** Ask the server where that was not done lately, and keep the answer; without one nothing changes. */
export async function refreshInstallation(phone: Engine): Promise<void> {
  const now = phone.clock.now();
  const kept = phone.store.meta<Kept | null>(KEPT, null);
  if (kept && Math.abs(now - kept.askedAt) < EVERY_MS) return;
  const answer = await phone.ask("GET", "/installation").catch(() => null);
  const values = (await answer?.json().catch(() => null)) as Installation | null;
  // Something between us and the server may answer in its place.
  if (!values?.time_zone) return;
  await phone.store.transaction(() => phone.store.setMeta({ [KEPT]: { values, askedAt: now } as never }));
  install(values);
}
