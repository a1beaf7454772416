/** Service sheets and what a device signs (protocol.md, section 5). */
import { canonical, sha256 } from "./canonical.mjs";

const SAID = ["of_kind", "of_id", "sheet_sha256", "signer_name", "relation", "signed_at"];

/** The sheet of a job: its fields that have a value, and the sorted hashes of its photos. */
export function sheetOf(fields, job, photos) {
  const said = fields.filter((name) => ![undefined, null, ""].includes(job[name])).map((name) => [name, job[name]]);
  return { ...Object.fromEntries(said), photos: [...photos].sort() };
}

/** The text a device signs. */
export function statement(id, device_id, signature) {
  const told = Object.fromEntries(SAID.map((name) => [name, signature[name] ?? null]));
  const place = signature.place ? signature.place.coordinates.slice(0, 2).map((one) => one.toFixed(6)).join(",") : null;
  return canonical({ ...told, place, strokes_sha256: sha256(canonical(signature.strokes ?? null)), id, device_id });
}
