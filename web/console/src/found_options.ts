/** Choosing from a list by typing: options are found as everything is found, not letter for letter. */
import { computed, type ComputedRef, ref } from "vue";

import { found, keptOf } from "@wangge/shared/comparing/finding.ts";

/** `shown` are the options to draw; `filter` is the select's own `filter-method`. */
export function useFound<T>(
  options: () => T[],
  textOf: (one: T) => unknown,
): { shown: ComputedRef<T[]>; filter: (typed: string) => void } {
  const typed = ref("");
  const shown = computed(() => found(typed.value, options(), (one) => keptOf({ texts: [textOf(one)] })));
  return { shown, filter: (now) => void (typed.value = now) };
}
