/** The board's filters, kept in the address so that a colleague sees the same. */
import { computed, type WritableComputedRef } from "vue";
import { useRoute, useRouter } from "vue-router";

import { isLate, type Job, matterName } from "./live.ts";

export type FilterName = "state" | "urgency" | "crew" | "cell" | "q" | "job" | "show";

export function useFilter(name: FilterName): WritableComputedRef<string> {
  const route = useRoute();
  const router = useRouter();
  return computed({
    get: () => String(route.query[name] ?? ""),
    set: (value) => void router.replace({ query: { ...route.query, [name]: value || undefined } }),
  });
}

export interface Wanted {
  state: string;
  urgency: string;
  crew: string;
  cell: string;
  words: string;
}

/** Whether a job is wanted; `crew` may be "none", and `state` "late". */
export function isWanted(job: Job, wanted: Wanted): boolean {
  if (wanted.state && (wanted.state === "late" ? !isLate(job) : job.state !== wanted.state)) return false;
  if (wanted.urgency && job.urgency !== wanted.urgency) return false;
  if (wanted.crew && (wanted.crew === "none" ? job.crew_id !== null : job.crew_id !== wanted.crew)) return false;
  if (wanted.cell && job.cell_id !== wanted.cell) return false;
  const text = [job.number, job.address, job.description, matterName(job, "zh"), matterName(job, "en")].join(" ").toLowerCase();
  return !wanted.words || text.includes(wanted.words.toLowerCase());
}

const URGENCY = ["urgent", "high", "normal"];

/** Urgent first, then by their limit. */
export function byNeed(a: Job, b: Job): number {
  const rank = (job: Job): number => URGENCY.indexOf(job.urgency ?? "normal");
  return rank(a) - rank(b) || String(a.due_at ?? "~").localeCompare(String(b.due_at ?? "~"));
}
