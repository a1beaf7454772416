/** A telling of time and cost while it is filled in, and what it makes of a job. */
import { minorOf } from "./installation.ts";
import type { Values } from "./sync/canonical.ts";

export interface TellingDraft {
  minutes: string;
  amount: string;
  to: string;
  way: string;
  agreed: "" | "yes" | "no";
  why: string;
}

export const emptyTelling = (to: string): TellingDraft => ({
  minutes: "",
  amount: "",
  to,
  way: "in_person",
  agreed: "",
  why: "",
});

/** The first thing that is missing; null when it is whole. */
export function lackOf(draft: TellingDraft, job: Values): "amount" | "to" | "agreed" | "why" | null {
  if (!draft.minutes || !draft.amount) return "amount";
  if (!draft.to.trim()) return "to";
  if (!draft.agreed) return "agreed";
  return job["told_minutes"] != null && !draft.why.trim() ? "why" : null;
}

/**
 * The job's fields with this telling: those of before stay, and what stands as told is what the customer
 * agreed to.
 */
export function withTelling(draft: TellingDraft, job: Values): Values {
  const amounts = { minutes: Number(draft.minutes), cost_fen: minorOf(draft.amount) };
  const why = draft.why.trim() ? { why: draft.why.trim() } : {};
  // As the server writes moments, or the sheet that is signed would have another hash there.
  const at = new Date().toISOString().replace("Z", "000Z");
  const one = {
    ...amounts,
    told_to: draft.to.trim(),
    way: draft.way,
    at,
    is_agreed: draft.agreed === "yes",
    ...why,
  };
  const stands =
    draft.agreed === "yes" ? { told_minutes: amounts.minutes, told_cost_fen: amounts.cost_fen } : {};
  return { tellings: [...((job["tellings"] ?? []) as Values[]), one], ...stands } as Values;
}
