/** The service sheet: what was found, done and told, in one form whose hash a signature is bound to. */
import { canonical, type Values } from "./sync/canonical.ts";
import { placeText } from "./sync/device_key.ts";
import { sha256Hex } from "./sync/ids.ts";

const FIELDS = [
  "number",
  "address",
  "description",
  "diagnosis",
  "told_minutes",
  "told_cost_fen",
  "tellings",
  "result",
  "remainder",
  "parts",
  "pressure_kpa",
] as const;

/** The sheet of a job, with the hashes of its photos in order. Fields without a value are left out. */
export function sheetOf(job: Values, photos: string[]): Values {
  const said = FIELDS.map((name) => [name, job[name] ?? null]).filter(
    ([, value]) => value !== null && value !== "",
  );
  return { ...Object.fromEntries(said), photos: [...photos].sort() } as Values;
}

export function sheetHash(sheet: Values): Promise<string> {
  return sha256Hex(new TextEncoder().encode(canonical(sheet)));
}

/**
 * What the device signs with its key when a customer has signed: who signed which sheet, when, where, and
 * with which strokes.
 *
 * `signed_at` must stand as the server writes moments (UTC, microseconds).
 */
export async function statement(id: string, device: string, signature: Values): Promise<string> {
  const told = Object.fromEntries(
    ["of_kind", "of_id", "sheet_sha256", "signer_name", "relation", "signed_at"].map((name) => [
      name,
      signature[name] ?? null,
    ]),
  );
  const strokes = await sha256Hex(new TextEncoder().encode(canonical(signature["strokes"] ?? null)));
  return canonical({
    ...told,
    id,
    device_id: device,
    place: placeText(signature["place"]),
    strokes_sha256: strokes,
  });
}
