/** Messages out as the console shows them: states, channels, and the reasons that have words. */
import type { components } from "@wangge/shared/api/schema.d.ts";

export const STATES = ["wanted", "asking", "sent", "delivered", "failed", "unknown", "double"] as const;
export const CHANNELS = [
  "webhook",
  "sms",
  "wecom",
  "wecom_robot",
  "dingtalk",
  "dingtalk_robot",
  "email",
] as const;
const WORDED = new Set([
  "quiet_hours",
  "no_phone",
  "no_address",
  "no_consent",
  "consent_refused",
  "no_channel",
  "unreadable",
  "sent_before",
  "broken_off",
  "not_wanted_any_more",
  "no_template_code",
  "no_encryption",
]);

/** The key of a channel's word. */
export const channelWord = (name: string): string => `messages.channel_${name}`;

/** Why a message did not go: in words where there are some, else the provider's own code. */
export function reasonWord(reason: string, say: (key: string) => string): string {
  return WORDED.has(reason) ? say(`messages.why_${reason}`) : reason;
}

export function mayBeSentAgain(row: components["schemas"]["MessageOut"]): boolean {
  return row.state === "failed" || row.state === "unknown";
}
