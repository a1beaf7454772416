/**
 * What a phone's own storage can fail with, as browsers name it, and what of that passes when it is opened
 * again.
 */
import { Offline, Refused } from "./link.ts";

const FULL = ["QuotaExceededError", "NS_ERROR_DOM_QUOTA_REACHED", "NS_ERROR_FILE_NO_DEVICE_SPACE"];
/**
 * The connection is gone, not the data: iOS drops it in the background ("connection lost" is an
 * UnknownError), a write is broken off (AbortError), a handle outlives its transaction, the disk was busy.
 * Opened again, the same work goes.
 */
const PASSING = [
  "InvalidStateError",
  "UnknownError",
  "AbortError",
  "TransactionInactiveError",
  "TimeoutError",
  "NotReadableError",
  "NoModificationAllowedError",
  "NotFoundError",
  "DataError",
  "OperationError",
];

/** By name: a browser's errors are not all of one class, and newer ones have classes of their own. */
export function nameOf(error: unknown): string {
  return typeof error === "object" && error !== null && "name" in error ? String(error.name) : "";
}

export function mayPass(error: unknown): boolean {
  return PASSING.includes(nameOf(error));
}

/** The code of a storage's failure in mobile_api_spec/phone_errors.json; null for what is none. */
export function storeTrouble(error: unknown): "store_full" | "store_newer" | "store_away" | null {
  if (FULL.includes(nameOf(error))) return "store_full";
  if (nameOf(error) === "VersionError") return "store_newer";
  return mayPass(error) ? "store_away" : null;
}

/** No network, nobody signed in, no storage: the rest would come to the same. */
export function isForAll(error: unknown): boolean {
  return (
    error instanceof Offline ||
    (error instanceof Refused && error.status === 401) ||
    storeTrouble(error) !== null
  );
}
