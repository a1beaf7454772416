/** What every unit test begins with: nothing kept by the one before, and no way to a server. */
import { beforeEach, vi } from "vitest";

beforeEach(() => {
  localStorage.clear();
  sessionStorage.clear();
  vi.stubGlobal("fetch", () => Promise.reject(new Error("a unit test asks no server")));
});
