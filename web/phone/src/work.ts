/** What several screens do: keep a photo and name it on its record, take a step, look somebody up. */
import { computed, type ComputedRef } from "vue";
import { useRouter } from "vue-router";

import type { components } from "@wangge/shared/api/schema.d.ts";
import type { Values } from "@wangge/shared/sync/canonical.ts";
import type { Mutation } from "@wangge/shared/sync/store.ts";
import type { Prepared } from "@wangge/shared/ui/pictures.ts";

import type { Fix } from "./place.ts";
import { engine, syncSoon, useRecords } from "./session.ts";

export interface Piece {
  kind: string;
  record: string;
  op: Mutation["op"];
  now: Values;
  action?: string;
}

/** Several pieces of work, all kept or none, then handed in as soon as can be. */
export async function keepWork(...pieces: Piece[]): Promise<void> {
  const found = engine.value!;
  await found.store.transaction(() =>
    pieces.forEach((one) => found.enqueue(one.kind, one.record, one.op, one.now, one.action)),
  );
  syncSoon();
}

export type Purpose = components["schemas"]["PhotoNew"]["purpose"];

export interface Subject {
  kind: string;
  id: string;
  cellId?: unknown;
  crewId?: unknown;
}

/** Keep a picture of a record; returns its id, which the record must name to count it. */
export async function keepPhoto(
  of: Subject,
  purpose: Purpose,
  shot: Prepared,
  fix: Fix | null,
): Promise<string> {
  const keys: Values = {};
  if (of.cellId) keys["cell_id"] = of.cellId;
  if (of.crewId) keys["crew_id"] = of.crewId;
  if (fix) Object.assign(keys, { place: fix.place, accuracy_m: fix.accuracyM });
  const id = await engine.value!.takePhoto({ of: [of.kind, of.id], purpose, ...shot, keys });
  syncSoon();
  return id;
}

export function useRecord(kind: string, id: () => string): ComputedRef<Values | undefined> {
  const all = useRecords(kind);
  return computed(() => all.value.get(id()));
}

/** Records of a kind whose field points at something. */
export function useOf(kind: string, field: string, id: () => unknown): ComputedRef<Values[]> {
  const all = useRecords(kind);
  return computed(() => [...all.value.values()].filter((one) => id() && one[field] === id()));
}

export function idsOf(value: unknown): string[] {
  return Array.isArray(value) ? (value as string[]) : [];
}

/** Back to where one came from; after a restart there is no such place, and `otherwise` is it. */
export function useLeave(otherwise: () => string): () => void {
  const router = useRouter();
  return () => void (history.state?.back ? router.back() : router.replace(otherwise()));
}
