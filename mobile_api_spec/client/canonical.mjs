/** Canonical JSON and the hashes of protocol.md, section 6. */
import { createHash } from "node:crypto";

/** RFC 8785: keys by UTF-16 units, no spaces, numbers and texts as ECMAScript writes them. */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(",")}}`;
}

export function sha256(text) {
  return createHash("sha256").update(text, "utf8").digest("hex");
}

/** The hash of one record as its holder has it. */
export function recordHash({ kind, id, version, body, in: scopes }) {
  return sha256([kind, id, version, sha256(canonical(body)), [...scopes].sort().join(" ")].join(" "));
}

/** How many records, and the XOR of the first 16 bytes of their hashes. */
export function digestOf(records) {
  const xor = records.reduce((sum, one) => sum ^ BigInt(`0x${recordHash(one).slice(0, 32)}`), 0n);
  return { count: records.length, xor: xor.toString(16).padStart(32, "0") };
}

/** Whether a key lies behind `after` and not behind `upto`; null is the end. */
export function isInside([kind, id], after, upto) {
  const isBehind = ([otherKind, otherId]) => kind > otherKind || (kind === otherKind && id > otherId);
  return (after === null || isBehind(after)) && (upto === null || !isBehind(upto));
}
