/** The board's filters, kept in the address so that a colleague sees the same. */
import { computed, type WritableComputedRef } from "vue";
import { useRoute, useRouter } from "vue-router";

import { found, keptOf } from "@wangge/shared/comparing/finding.ts";

import { isLate, type Job, matterName, mustCall } from "./live.ts";

export type FilterName = "state" | "urgency" | "crew" | "cell" | "q" | "job" | "show";

export function useFilter(name: FilterName): WritableComputedRef<string> {
  const route = useRoute();
  const router = useRouter();
  return computed({
    get: () => String(route.query[name] ?? ""),
    set: (value) => void router.replace({ query: { ...route.query, [name]: value || undefined } }),
  });
}

/** All filters of the list at once, those not named emptied; what is chosen and how it is shown stays. */
export function useFilters(): (wanted: Partial<Wanted>) => void {
  const route = useRoute();
  const router = useRouter();
  return ({ state, urgency, crew, cell, words }) => {
    const asked = { state, urgency, crew, cell, q: words };
    const query = Object.fromEntries(
      Object.entries(asked).map(([name, value]) => [name, value || undefined]),
    );
    void router.replace({ query: { ...route.query, ...query } });
  };
}

export interface Wanted {
  state: string;
  urgency: string;
  crew: string;
  cell: string;
  words: string;
}

/** What a dispatcher looks for all day, with the number of jobs behind it. */
export const FIGURES: Record<string, Partial<Wanted>> = {
  call: { state: "call" },
  late: { state: "late" },
  unassigned: { crew: "none" },
  urgent: { urgency: "urgent" },
  unopened: { state: "unopened" },
  done: { state: "done" },
};
export const NOTHING: Wanted = { state: "", urgency: "", crew: "", cell: "", words: "" };

/** Filters a person keeps under a name, on this computer. */
export interface Kept {
  name: string;
  wanted: Partial<Wanted>;
}

const shelfOf = (staff: string): string => `wangge.filters.${staff}`;

export function keptFilters(staff: string): Kept[] {
  try {
    return JSON.parse(localStorage.getItem(shelfOf(staff)) ?? "[]") as Kept[];
  } catch {
    return [];
  }
}

/** One more, or another meaning of a name that is there. */
export function keepFilter(staff: string, one: Kept): Kept[] {
  return put(staff, [...keptFilters(staff).filter((other) => other.name !== one.name), one]);
}

export function forgetFilter(staff: string, name: string): Kept[] {
  return put(
    staff,
    keptFilters(staff).filter((other) => other.name !== name),
  );
}

function put(staff: string, now: Kept[]): Kept[] {
  localStorage.setItem(shelfOf(staff), JSON.stringify(now));
  return now;
}

/** Whether two filters ask for the same. */
export function isSame(a: Partial<Wanted>, b: Partial<Wanted>): boolean {
  return JSON.stringify({ ...NOTHING, ...a }) === JSON.stringify({ ...NOTHING, ...b });
}

/** Whether a job is wanted; `crew` may be "none", and `state` "call", "late" or "unopened". */
export function isWanted(job: Job, wanted: Wanted): boolean {
  if (wanted.state && !isIn(job, wanted.state)) return false;
  if (wanted.urgency && job.urgency !== wanted.urgency) return false;
  if (wanted.crew && (wanted.crew === "none" ? job.crew_id !== null : job.crew_id !== wanted.crew))
    return false;
  if (wanted.cell && job.cell_id !== wanted.cell) return false;
  if (!wanted.words) return true;
  const texts = [job.number, job.description, matterName(job, "zh"), matterName(job, "en")];
  return found(wanted.words, [job], () => keptOf({ texts, addresses: [job.address] })).length > 0;
}

function isIn(job: Job, state: string): boolean {
  if (state === "late") return isLate(job);
  if (state === "call") return mustCall(job);
  return state === "unopened" ? job.state === "dispatched" && !job.opened_at : job.state === state;
}

const URGENCY = ["urgent", "high", "normal"];

/** Urgent first, then by their limit; what has none comes last. */
export function byNeed(a: Job, b: Job): number {
  const rank = (job: Job): number => URGENCY.indexOf(job.urgency ?? "normal");
  return rank(a) - rank(b) || dueAt(a) - dueAt(b);
}

/** As a number that can be subtracted: a language's order of letters is none of times. */
const dueAt = (job: Job): number => (job.due_at ? Date.parse(job.due_at) : Number.MAX_SAFE_INTEGER);
