/** The phone knows the city's clock without a network, and asks for it no more often than it must. */
import "fake-indexeddb/auto";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { installed, uninstall, USUAL } from "@wangge/shared/installation.ts";
import type { Engine } from "@wangge/shared/sync/engine.ts";
import { timeText } from "@wangge/shared/vocabulary/words.ts";

import { recall, refreshInstallation } from "../src/installation.ts";
import { type HouseServer, NOON, openedBy } from "./phone_screen.ts";

const ANGELES = { ...USUAL, time_zone: "America/Los_Angeles", currency: "USD", version: 2 };
const ASKS = "GET /installation";
let phone: Engine;
let server: HouseServer;
let now: number;

beforeEach(async () => {
  ({ phone, server } = await openedBy("representative"));
  now = NOON;
  vi.spyOn(phone.clock, "now").mockImplementation(() => now);
  server.isAway = false;
  server.answers[ASKS] = () => Response.json(ANGELES);
});
const asked = (): number => server.heard.filter((one) => one === ASKS).length;

describe("what the installation says", () => {
  it("is kept with the phone's store and stands without a network", async () => {
    await refreshInstallation(phone);
    expect(timeText("2026-12-01T04:00:00Z", "en", false)).toBe("20:00");
    uninstall();
    server.isAway = true;
    expect(timeText("2026-12-01T04:00:00Z", "en", false)).toBe("12:00");
    recall(phone.store);
    expect(timeText("2026-12-01T04:00:00Z", "en", false)).toBe("20:00");
  });

  it("is asked for once in ten minutes, however often the phone syncs", async () => {
    await refreshInstallation(phone);
    await refreshInstallation(phone);
    now += 599_000;
    await refreshInstallation(phone);
    expect(asked()).toBe(1);
    now += 2_000;
    await refreshInstallation(phone);
    expect(asked()).toBe(2);
  });

  it("is asked for again where the phone's clock was put back", async () => {
    await refreshInstallation(phone);
    now -= 3_600_000;
    await refreshInstallation(phone);
    expect(asked()).toBe(2);
  });

  it.each([
    ["nobody answers", () => Promise.reject(new TypeError("gone"))],
    ["somebody else answers", () => new Response("<html>Wi-Fi</html>")],
    ["it is of another kind", () => Response.json({ newest: null })],
  ])("stays as it was where %s", async (_, answer) => {
    await refreshInstallation(phone);
    now += 700_000;
    server.answers[ASKS] = answer as () => Response;
    await refreshInstallation(phone);
    expect(installed().currency).toBe("USD");
    uninstall();
    recall(phone.store);
    expect(installed().currency).toBe("USD");
  });

  it("changes nothing where the phone was never told", () => {
    recall(phone.store);
    expect(installed()).toEqual(USUAL);
  });
});
