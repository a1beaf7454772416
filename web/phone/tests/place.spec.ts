/** Where the phone is, and what it tells of that: at steps of work on shift, and never in the way of work. */
import "fake-indexeddb/auto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { openDisk } from "@wangge/shared/sync/disk.ts";
import type { Engine } from "@wangge/shared/sync/engine.ts";
import { newId } from "@wangge/shared/sync/ids.ts";
import { Offline, Refused } from "@wangge/shared/sync/link.ts";

import { phoneOn, SmallServer } from "../../shared/tests/small_server.ts";
import { distanceM, whereAmI } from "../src/place.ts";
import { noteEvent, openShift, tellPositions, witnessSeals } from "../src/position_reports.ts";

type Told = { positions: { event: string; lng: number }[] };
let phone: Engine;
let asked: [path: string, body: unknown][];
let answer: (body: unknown) => Response;

/** The satellite says this, or nothing. */
function satellite(coords: object | null): void {
  const geolocation = {
    getCurrentPosition: (found: (one: object) => void, lost: () => void) =>
      coords ? found({ coords }) : lost(),
  };
  vi.stubGlobal("navigator", { geolocation });
}

beforeEach(async () => {
  phone = await phoneOn(await openDisk(newId()), new SmallServer());
  asked = [];
  answer = () => Response.json({});
  const others = phone.ask.bind(phone);
  vi.spyOn(phone, "ask").mockImplementation(async (method, path, ask) => {
    if (path.startsWith("/sync/")) return others(method, path, ask);
    asked.push([path, ask?.json]);
    return answer(ask?.json);
  });
  vi.spyOn(phone, "staffId", "get").mockReturnValue("me");
  satellite({ longitude: 120.38, latitude: 36.07, accuracy: 12.4 });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe("where the phone is", () => {
  it("is said with longitude first and its exactness in whole metres", async () => {
    expect(await whereAmI()).toEqual({
      place: { type: "Point", coordinates: [120.38, 36.07] },
      accuracyM: 12,
    });
  });

  it.each([
    ["refuses to say", () => satellite(null)],
    ["has no satellite", () => vi.stubGlobal("navigator", {})],
    [
      "never answers",
      () => vi.stubGlobal("navigator", { geolocation: { getCurrentPosition: () => undefined } }),
    ],
  ])("is not known where it %s, and nothing waits for it", async (_, arrange) => {
    arrange();
    expect(await whereAmI(-450)).toBeNull();
  });

  it("is not taken for exact where it is wildly wrong", async () => {
    satellite({ longitude: 0, latitude: 0, accuracy: 9e9 });
    expect((await whereAmI())!.accuracyM).toBe(100_000);
  });

  it.each([
    [[120.38, 36.07], [120.38, 36.07], 0],
    [[120.38, 36.07], [120.38, 36.08], 1_112],
    [[120.38, 36.07], [120.39, 36.07], 899],
    // Another city, on the other side of the equator.
    [[-70.65, -33.45], [-70.64, -33.45], 928],
  ])("is so far from somewhere: %j to %j", (a, b, metres) => {
    expect(Math.round(distanceM(a, b))).toBe(metres);
  });
});

describe("a shift", () => {
  it("is open until it ends, for whoever holds the phone", () => {
    const duties = [
      { id: "1", staff_id: "me", ended_at: "2026-12-01T09:00:00Z" },
      { id: "2", staff_id: "other" },
      { id: "3", staff_id: "me", ended_at: null },
    ];
    expect(openShift(duties, "me")).toMatchObject({ id: "3" });
    expect(openShift(duties.slice(0, 2), "me")).toBeUndefined();
    expect(openShift([], "me")).toBeUndefined();
  });
});

describe("positions", () => {
  const noted = () => phone.store.meta<{ event: string }[]>("positions", []).map((one) => one.event);
  const onShift = async (): Promise<void> => {
    await phone.create("duty", { staff_id: "me", started_at: "2026-12-01T00:00:00Z" });
    await phone.push();
  };
  const keep = (...events: string[]) =>
    phone.store.transaction(() =>
      phone.store.setMeta({ positions: events.map((event) => ({ event, lng: 1 })) }),
    );

  it("are noted at a step of work on shift alone", async () => {
    await noteEvent(phone, "arrive", ["work_order", "j"]);
    expect(noted()).toEqual([]);
    vi.spyOn(phone, "records").mockReturnValue(new Map([["d", { staff_id: "me" }]]) as never);
    await noteEvent(phone, "arrive", ["work_order", "j"]);
    await noteEvent(phone, "looked at a page");
    expect(phone.store.meta<unknown[]>("positions", [])).toMatchObject([
      { event: "arrive", lng: 120.38, lat: 36.07, accuracy_m: 12, of_kind: "work_order", of_id: "j" },
    ]);
  });

  it("are noted at the end of a shift that is over already, and never without a satellite", async () => {
    await noteEvent(phone, "shift_end");
    satellite(null);
    await noteEvent(phone, "shift_end");
    expect(noted()).toEqual(["shift_end"]);
  });

  it("are told and forgotten", async () => {
    await keep("arrive", "start");
    await tellPositions(phone);
    expect(asked.map(([path]) => path)).toEqual(["/positions"]);
    expect(noted()).toEqual([]);
    await tellPositions(phone);
    expect(asked).toHaveLength(1);
  });

  it("wait for the shift that they are of", async () => {
    await keep("shift_start");
    await phone.create("duty", { staff_id: "me" });
    await tellPositions(phone);
    expect([asked.length, noted()]).toEqual([0, ["shift_start"]]);
    await onShift();
    await tellPositions(phone);
    expect(noted()).toEqual([]);
  });

  it("that cannot be read stop no other: the batch is halved until it stands alone", async () => {
    await keep("a", "b", "bad", "d", "e");
    const kept: string[] = [];
    answer = (body) => {
      const events = (body as Told).positions.map((one) => one.event);
      if (events.includes("bad")) throw new Refused(422, { code: "check_failed" });
      kept.push(...events);
      return Response.json({});
    };
    await tellPositions(phone);
    expect([kept, noted()]).toEqual([["a", "b", "d", "e"], []]);
  });

  it("that the house does not take are forgotten here too", async () => {
    await keep("a", "b");
    answer = () => {
      throw new Refused(403, { code: "not_allowed" });
    };
    await tellPositions(phone);
    expect([asked.length, noted()]).toEqual([1, []]);
  });

  it.each([
    [new Refused(401, { code: "not_signed_in" })],
    [new Refused(429, { code: "too_many" })],
    [new Refused(503, { code: "busy" })],
    [new Offline("no network")],
  ])("that nobody has looked at are kept: %s", async (error) => {
    await keep("a");
    answer = () => {
      throw error;
    };
    await expect(tellPositions(phone)).rejects.toBe(error);
    expect(noted()).toEqual(["a"]);
  });
});

describe("seals that are held here", () => {
  const seals = () => phone.store.meta<{ number: number }[]>("seals", []).map((one) => one.number);
  let now = 0;
  beforeEach(() => {
    now = Date.parse("2026-12-01T01:00:00Z");
    vi.spyOn(phone.clock, "now").mockImplementation(() => now);
  });

  it("are told once an hour, and the newest is kept once", async () => {
    answer = () => Response.json({ newest: { number: 7, hash: "h" } });
    await witnessSeals(phone);
    await witnessSeals(phone);
    expect([asked.length, seals()]).toEqual([1, [7]]);
    now += 3_600_000;
    await witnessSeals(phone);
    expect([asked.length, asked[1]![1], seals()]).toEqual([2, { seals: [{ number: 7, hash: "h" }] }, [7]]);
  });

  it("are at most a hundred, the newest", async () => {
    let number = 0;
    answer = () => Response.json({ newest: { number: (number += 1), hash: "h" } });
    for (let n = 0; n < 103; n += 1) {
      await witnessSeals(phone);
      now += 3_600_000;
    }
    expect([seals().length, seals()[0], seals().at(-1)]).toEqual([100, 4, 103]);
  });

  it("are asked again an hour later of a server that has none or does not know the question", async () => {
    answer = () => Response.json({ newest: null });
    await witnessSeals(phone);
    now += 3_600_000;
    answer = () => {
      throw new Refused(404, { code: "not_found" });
    };
    await witnessSeals(phone);
    await witnessSeals(phone);
    expect([asked.length, seals()]).toEqual([2, []]);
  });

  it("wait for a network", async () => {
    answer = () => {
      throw new Offline("no network");
    };
    await expect(witnessSeals(phone)).rejects.toThrow(Offline);
    answer = () => Response.json({ newest: { number: 1, hash: "h" } });
    await witnessSeals(phone);
    expect(seals()).toEqual([1]);
  });
});
