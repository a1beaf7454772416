/**
 * What should have followed from a write and was given up: how much of it there is, for whoever may try it
 * again.
 */
import { computed, ref } from "vue";

import type { Language } from "@wangge/shared/vocabulary/words.ts";
import { errorWords } from "@wangge/shared/vocabulary/words.ts";

import { GET, got, me } from "./api.ts";

const MAY_RETRY = ["admin", "dispatcher", "supervisor"];
const EVERY_MS = 30_000;

export type DeadFact = Awaited<ReturnType<typeof given>>[number];
const given = () => got(GET("/api/v1/inbox/facts"));

export const deadFacts = ref<DeadFact[]>([]);
export const mayRetry = computed(() => me.signed?.roles.some((role) => MAY_RETRY.includes(role)) ?? false);
let readAt = 0;

export async function readFacts(): Promise<void> {
  readAt = Date.now();
  deadFacts.value = mayRetry.value ? await given() : [];
}

/** With the board, but not as often. */
export function readFactsSometimes(): void {
  if (Date.now() - readAt > EVERY_MS) void readFacts().catch(() => undefined);
}

const SAID: Record<string, string> = {
  written: "facts.written",
  called_back: "facts.called_back",
  looked_at: "facts.looked_at",
  wanted: "facts.wanted",
};

/** What did not happen: the name of its words. */
export function whatFailed(fact: { fact: string }): string {
  return SAID[fact.fact.split(".").at(-1)!] ?? "facts.other";
}

/**
 * Why, in words: the catalogue's where it has them; a fault of the program is a technician's, who finds it in
 * the log.
 */
export function whyFailed(fact: DeadFact, language: Language): string | undefined {
  return fact.error ? errorWords(fact.error, language)?.what : undefined;
}
