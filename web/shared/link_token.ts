/** The secret of a link stands behind the fragment sign: it never reaches a server's log. */

/**
 * Without what mail and people put round it; no token of ours holds anything else, and a header could not
 * carry it.
 */
export function tokenOf(hash: string): string {
  let text = hash.slice(1);
  try {
    text = decodeURIComponent(text);
  } catch {
    // Cut in the middle of a sign: what is left of it goes below.
  }
  return text.replace(/[^A-Za-z0-9_.-]/g, "").replace(/\.+$/, "");
}
