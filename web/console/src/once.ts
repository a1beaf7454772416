/** What is pressed twice in a hurry is sent once; of what overtakes each other the last counts. */
import { type Ref, ref } from "vue";

import type { Language } from "@wangge/shared/vocabulary/words.ts";

import { sentenceOf } from "./api.ts";

/** `once` makes of a work one that does nothing while another of the same page is on its way. */
export function useOnce() {
  const isBusy = ref(false);
  const once =
    <Given extends unknown[]>(work: (...given: Given) => Promise<void>) =>
    async (...given: Given): Promise<void> => {
      if (isBusy.value) return;
      isBusy.value = true;
      try {
        await work(...given);
      } finally {
        isBusy.value = false;
      }
    };
  return { isBusy, once };
}

/** A call begins a turn and tells from then on whether it is still the last: answers come out of order. */
export function useTurns(): () => () => boolean {
  let turns = 0;
  return () => {
    const mine = (turns += 1);
    return () => mine === turns;
  };
}

/** `run` does a work of a dialog and says what went wrong with the last: one before may be answered later. */
export function useLast(language: Ref<Language>) {
  const isBusy = ref(false);
  const wrong = ref("");
  const turn = useTurns();
  async function run(work: (isLast: () => boolean) => Promise<void>): Promise<void> {
    const isLast = turn();
    isBusy.value = true;
    wrong.value = "";
    try {
      await work(isLast);
    } catch (error) {
      if (isLast()) wrong.value = sentenceOf(error, language.value);
    } finally {
      if (isLast()) isBusy.value = false;
    }
  }
  return { isBusy, wrong, run };
}

/** Rows that are read again: what was read stays where a later reading fails, and what is wrong is said. */
export function useRows<T>(read: () => Promise<T[]>, language: Ref<Language>) {
  const rows = ref([]) as Ref<T[]>;
  const wrong = ref("");
  const turn = useTurns();
  async function load(): Promise<void> {
    const isLast = turn();
    try {
      const found = await read();
      if (isLast()) [rows.value, wrong.value] = [found, ""];
    } catch (error) {
      if (isLast()) wrong.value = sentenceOf(error, language.value);
    }
  }
  return { rows, wrong, load };
}
