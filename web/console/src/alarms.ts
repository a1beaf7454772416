/** Alarms of the system that ring, for administrators: read with the board, but not as often. */
import { ref } from "vue";

import { GET, got, me } from "./api.ts";

const EVERY_MS = 30_000;
const given = () => got(GET("/api/v1/alarms/ringing"));

export const ringing = ref<Awaited<ReturnType<typeof given>>>([]);
let readAt = 0;

export async function readAlarms(): Promise<void> {
  readAt = Date.now();
  ringing.value = me.signed?.roles.includes("admin") ? await given() : [];
}

export function readAlarmsSometimes(): void {
  if (Date.now() - readAt > EVERY_MS) void readAlarms().catch(() => undefined);
}
