/**
 * Digests that server and phone compare (protocol, section 6): canonical JSON by RFC 8785 and the XOR of
 * record hashes.
 */
import { sha256Hex } from "./ids.ts";

export type Values = Record<string, unknown>;
/** (kind, id), ordered as bytes; both are ASCII. */
export type Key = readonly [kind: string, id: string];

export interface Held {
  kind: string;
  id: string;
  version: number;
  body: Values;
  in: string[];
}

/** JSON with sorted keys and no spaces; JavaScript writes numbers as RFC 8785 asks. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const pairs = Object.entries(value).filter(([, inner]) => inner !== undefined);
  pairs.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${pairs.map(([name, inner]) => `${JSON.stringify(name)}:${canonical(inner)}`).join(",")}}`;
}

export async function bodyHash(body: Values): Promise<string> {
  return sha256Hex(new TextEncoder().encode(canonical(body)));
}

/** The first 16 bytes, in hex, of the hash of one record as the user holds it. */
export async function recordHash(record: Held): Promise<string> {
  const parts = [
    record.kind,
    record.id,
    record.version,
    await bodyHash(record.body),
    [...record.in].sort().join(" "),
  ];
  return (await sha256Hex(new TextEncoder().encode(parts.join(" ")))).slice(0, 32);
}

export interface Digest {
  count: number;
  xor: string;
}

export async function digestOf(records: Held[]): Promise<Digest> {
  let xor = 0n;
  for (const record of records) xor ^= BigInt(`0x${await recordHash(record)}`);
  return { count: records.length, xor: xor.toString(16).padStart(32, "0") };
}

export function isInside(key: Key, after: Key | null, upto: Key | null): boolean {
  return (after === null || compareKeys(key, after) > 0) && (upto === null || compareKeys(key, upto) <= 0);
}

export function compareKeys(a: Key, b: Key): number {
  if (a[0] !== b[0]) return a[0] < b[0] ? -1 : 1;
  return a[1] === b[1] ? 0 : a[1] < b[1] ? -1 : 1;
}
