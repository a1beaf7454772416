/** Who is offered to move a due day: the server decides, this only spares a refusal. */
import { me } from "./api.ts";

export function mayMoveLimits(): boolean {
  return (me.signed?.roles ?? []).some((role) => role === "admin" || role === "supervisor");
}
