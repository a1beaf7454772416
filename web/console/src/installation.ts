/** The console goes by what the installation says: a little before the sign-in, all of it after. */
import { watch } from "vue";

import { install, startInstallation } from "@wangge/shared/installation.ts";

import { GET, got, me } from "./api.ts";

/** Read now, and anew for whoever signs in; returns how to end it. */
export function followInstallation(): () => void {
  void startInstallation();
  return watch(() => me.signed?.staff_id, readInstallation, { immediate: true });
}

/** All of it, for who is signed in; what was heard before stays where the server does not answer. */
export async function readInstallation(): Promise<void> {
  if (!me.signed) return;
  const found = await got(GET("/api/v1/installation")).catch(() => null);
  if (found) install(found);
}
