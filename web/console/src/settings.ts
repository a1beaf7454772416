/** What the pages of settings share: the units one may write in, roles and their words, asking a sentence. */
import { ElMessage, ElMessageBox } from "element-plus";
import { computed, ref } from "vue";

import type { components } from "@wangge/shared/api/schema.d.ts";
import type { Values } from "@wangge/shared/sync/canonical.ts";
import type { Language } from "@wangge/shared/vocabulary/words.ts";

import { GET, got, me, sentenceOf } from "./api.ts";

export type Account = components["schemas"]["AccountOut"];
export const ROLES = [
  "representative",
  "crew_leader",
  "crew_member",
  "dispatcher",
  "hotline_agent",
  "supervisor",
  "auditor",
  "admin",
] as const;
/** As the words beside say: three days. */
export const LINK_HOURS = 72;
const FIELD = new Set<string>(["representative", "crew_leader", "crew_member"]);

export const is = (...roles: string[]): boolean =>
  (me.signed?.roles ?? []).some((one) => roles.includes(one));

/** Units that the console knows, one's own first. */
export const units = ref<Values[]>([]);

export async function readUnits(): Promise<void> {
  const query = { params: { query: { limit: 500 } } };
  const found = await got(GET("/api/v1/units", query)).catch(() => ({ rows: [] }));
  const own = me.signed?.unit_id;
  units.value = ([...(found.rows ?? [])] as Values[]).sort(
    (a, b) => Number(b["id"] === own) - Number(a["id"] === own),
  );
}

/** Whether one is of the unit that all others belong to: what holds for everybody is its administrators'. */
export const isTopmost = computed(() =>
  units.value.some((one) => one["id"] === me.signed?.unit_id && !one["parent_id"]),
);

export const unitName = (id: unknown): string =>
  String(units.value.find((one) => one["id"] === id)?.["name"] ?? "—");

/** Where a link is opened: the phone's app for whoever works on a phone, the console for everybody else. */
export function linkTo(token: string, roles: string[]): string {
  const isForPhone = roles.length > 0 && roles.every((one) => FIELD.has(one));
  return isForPhone ? `${location.origin}/m/invitation#${token}` : `${location.origin}/#/invitation/${token}`;
}

/** Do it, or say why it could not be done; whether it was. */
export async function done(work: Promise<unknown>, language: Language): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    ElMessage.error(sentenceOf(error, language));
    return false;
  }
}

/** Whether the person is sure. */
export const sure = (words: string): Promise<boolean> =>
  ElMessageBox.confirm(words, { type: "warning" }).then(
    () => true,
    () => false,
  );

/** A sentence that the person writes; null where they go back. */
export const asked = (words: string, pattern = /\S/): Promise<string | null> =>
  ElMessageBox.prompt(words, { inputPattern: pattern, inputErrorMessage: "…" }).then(
    (found) => found.value.trim(),
    () => null,
  );
