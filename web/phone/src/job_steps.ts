/** A job's half-filled report on the phone: what of it goes with a step, and what is still missing. */
import type { Values } from "@wangge/shared/sync/canonical.ts";
import { type TellingDraft, withTelling } from "@wangge/shared/told.ts";
import type { Action } from "@wangge/shared/vocabulary/words.ts";

import { idsOf } from "./work.ts";
import type { job } from "./zh/job.ts";

export interface JobDraft {
  diagnosis: string;
  result: string;
  remainder: string;
  telling: TellingDraft;
  unsigned_kind: string;
  unsigned_reason: string;
  reason: string;
  parts: { name: string; quantity: string }[];
  signature: { id: string; name: string; sheet: string; values: Values } | null;
}
/** What is missing before a step: the key of a sentence, with its values. */
export interface Lack {
  key: `job.${keyof (typeof job)["job"]}`;
  values?: Values;
}

/** What was typed, as the job's fields; what was left empty is left out. */
export function details(draft: JobDraft): Values {
  const parts = draft.parts
    .filter((one) => one.name)
    .map((one) => ({ name: one.name, quantity: Number(one.quantity || 1) }));
  const { diagnosis, result, remainder } = draft;
  return {
    ...(diagnosis && { diagnosis }),
    ...(result && { result }),
    ...(remainder && { remainder }),
    ...(parts.length && { parts }),
  };
}

/** The first that is missing before a step may go; null when nothing is. */
export function lackBefore(
  step: Action,
  job: Values,
  draft: JobDraft,
  isSigned: boolean,
  isStale: boolean,
): Lack | null {
  const telling = draft.telling.minutes ? withTelling(draft.telling, job) : {};
  const now = { ...job, ...details(draft), ...telling } as Values;
  if (step.to === "in_progress" && now["quote_required"] && now["told_cost_fen"] == null)
    return { key: draft.telling.agreed === "no" ? "job.toldRefused" : "job.toldFirst" };
  if (step.name === "finish_partly" && !draft.remainder) return { key: "job.remainder" };
  if (["finish", "finish_partly"].includes(step.name) && !now["result"]) return { key: "job.result" };
  if (step.name !== "finish") return null;
  const photos = idsOf(now["photo_ids"]).length;
  if (photos < Number(now["required_photos"] ?? 0))
    return { key: "job.photosNeed", values: { count: now["required_photos"] } };
  if (!now["signature_required"] || isSigned) return null;
  return lackOfSignature(draft, photos, isStale);
}

/** A signature over what stands here now, or the reason why there is none, with a photo. */
function lackOfSignature(draft: JobDraft, photos: number, isStale: boolean): Lack | null {
  if (draft.unsigned_kind && !draft.unsigned_reason) return { key: "job.unsignedReason" };
  if (draft.unsigned_reason && !draft.unsigned_kind) return { key: "job.unsigned" };
  if (draft.unsigned_reason) return photos ? null : { key: "job.unsignedPhoto" };
  if (draft.signature === null) return { key: "job.signMissing" };
  return isStale ? { key: "job.resigned" } : null;
}
