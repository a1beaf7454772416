/** A password that somebody else gave is changed for one's own before the server takes or gives anything. */
import { computed, ref, watch } from "vue";

import { Refused } from "@wangge/shared/sync/link.ts";

import { keepPassword, people } from "./person.ts";
import { engine, sync, syncNow, useStore } from "./session.ts";

/** What was typed at this sign-in, never kept: whoever just signed in is not asked for it again. */
export const given = ref("");
/** Put off: the work on this phone is open, and nothing is sent. */
export const isPutOff = ref(false);
const isToldAtSignIn = useStore((store) => store.meta("mustChange", false), false);

watch(
  engine,
  (now) => {
    if (!now) given.value = "";
    isPutOff.value = false;
  },
  { flush: "sync" },
);

/** Also where a password was given anew while somebody was signed in: the server says so at the next sync. */
export const mustChoose = computed(
  () => engine.value !== null && (isToldAtSignIn.value || sync.problem?.code === "password_change_needed"),
);

/**
 * From now on the password is `fresh`, here and at the server. An answer that was lost on the way is made up
 * for: where the server no longer knows the old one, the new one must be right.
 */
export async function chooseOwn(old: string, fresh: string): Promise<void> {
  const found = engine.value!;
  const json = { old: old || given.value, new: fresh };
  try {
    await found.ask("PUT", "/sessions/password", { json });
  } catch (error) {
    if (!(error instanceof Refused) || error.code !== "wrong_credentials") throw error;
    const login = (await people())[0]!.login;
    await found.signIn(login, fresh).catch(() => Promise.reject(error as Error));
  }
  await keepPassword(fresh);
  await found.store.transaction(() => found.store.setMeta({ mustChange: false }));
  given.value = "";
  if (sync.problem?.code === "password_change_needed") sync.problem = null;
  void syncNow();
}
