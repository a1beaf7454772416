/** What every unit test begins with: nothing kept or put in by the one before, and no way to a server. */
import { beforeEach, vi } from "vitest";

import { uninstall } from "../installation.ts";

/** What the browser itself says of itself: its prototype has it, so an own property is a test's. */
function withoutOwn(thing: object): void {
  for (const name of Object.getOwnPropertyNames(thing))
    if (Object.getOwnPropertyDescriptor(thing, name)?.configurable) Reflect.deleteProperty(thing, name);
}

/** A guess at a PIN is dear on purpose; what it costs is not what is tested here. */
const asked = crypto.subtle.deriveKey.bind(crypto.subtle);
const cheaply: typeof asked = (how, ...rest) =>
  asked(typeof how === "object" && "iterations" in how ? { ...how, iterations: 1000 } : how, ...rest);
crypto.subtle.deriveKey = cheaply;

beforeEach(() => {
  uninstall();
  withoutOwn(navigator);
  localStorage.clear();
  sessionStorage.clear();
  vi.stubGlobal("fetch", () => Promise.reject(new Error("a unit test asks no server")));
});
