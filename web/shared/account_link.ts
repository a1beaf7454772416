/** A link to an account, an invitation or a way to a new password, as the pages of both apps use it. */
import { ref } from "vue";

import type { components } from "./api/schema.d.ts";
import { tokenOf } from "./link_token.ts";
import type { Problem } from "./sync/link.ts";
import { type Language, refusalWords } from "./vocabulary/words.ts";

export type LinkSeen = components["schemas"]["LinkSeen"];
type Accepted = components["schemas"]["Accepted"];

/** `hash` is where the link's token stands; `language` and `offline` word what goes wrong. */
export function useAccountLink(hash: string, language: () => Language, offline: () => string) {
  const token = tokenOf(hash);
  const seen = ref<LinkSeen | null>(null);
  const problem = ref("");
  const isBusy = ref(false);

  async function send<T>(method: string, body?: object): Promise<T | null> {
    problem.value = "";
    isBusy.value = true;
    const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
    const answer = await fetch("/api/v1/account-links/mine", {
      method,
      headers,
      ...(body ? { body: JSON.stringify(body) } : {}),
    }).catch(() => null);
    const found: unknown = await answer?.json().catch(() => null);
    isBusy.value = false;
    if (answer?.ok && found) return found as T;
    problem.value = answer && found ? refusalWords(found as Problem, language()) : offline();
    return null;
  }

  const look = async (): Promise<void> => void (seen.value = await send<LinkSeen>("GET"));
  /** The staff number to sign in with, once the password is theirs. */
  const accept = async (password: string): Promise<string | null> =>
    (await send<Accepted>("PUT", { password }))?.login ?? null;
  return { seen, problem, isBusy, look, accept };
}
