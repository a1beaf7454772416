/**
 * A phone's three clocks: the wall clock its owner may move, the monotonic one, and which run that counts
 * from.
 */
import { newId } from "./ids.ts";

export interface Clock {
  /** What the phone shows, in milliseconds since 1970. */
  now(): number;
  /** Milliseconds that nobody can move, since the start of this run. */
  monotonicMs(): number;
  /** A browser cannot name the machine's boot, so each run of the app is one. */
  readonly boot: string;
}

export function browserClock(): Clock {
  return { now: () => Date.now(), monotonicMs: () => Math.round(performance.now()), boot: newId() };
}

export function moment(clock: Clock): string {
  return new Date(clock.now()).toISOString();
}

const DAYS_KEPT = 30;

/** The older of a backup's moment and the month that receipts are shown for. */
export function earlier(through: string, now: string): string {
  const month = new Date(Date.parse(now) - DAYS_KEPT * 86_400_000).toISOString();
  return month < through ? month : through;
}
