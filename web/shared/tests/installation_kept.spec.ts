/** What a browser kept of the installation, where it is broken, old or full; and money of every currency. */
import { describe, expect, it, vi } from "vitest";

import {
  cityMoment,
  currencySign,
  diameterMm,
  diameterShown,
  houseName,
  inOwnUnit,
  install,
  type Installation,
  installed,
  minorOf,
  moneyText,
  startInstallation,
  USUAL,
} from "../installation.ts";
import { emptyTelling, lackOf, withTelling } from "../told.ts";

const KEPT = "wangge.installation";
const HARBOR: Installation = { ...USUAL, name_en: "Harbor Water", time_zone: "America/Los_Angeles" };
const away = (): void => void vi.stubGlobal("fetch", () => Promise.reject(new TypeError("no network")));
const says = (found: unknown): void =>
  void vi.stubGlobal("fetch", () => Promise.resolve(Response.json(found)));
const plain = (text: string): string => text.replace(/\s/g, " ");

describe("what was kept", () => {
  it.each([
    ["half a text", '{"time_zone": "Asia/Sh'],
    ["nothing", ""],
    ["null", "null"],
    ["a number", "7"],
    ["a list", "[]"],
    ["something of another page", '{"newest": 3}'],
  ])("is %s, and stands in nobody's way", async (_, kept) => {
    localStorage.setItem(KEPT, kept);
    away();
    await startInstallation();
    expect(installed()).toEqual(USUAL);
    says(HARBOR);
    await startInstallation();
    expect(houseName("en")).toBe("Harbor Water");
    expect(JSON.parse(localStorage.getItem(KEPT)!)).toMatchObject({ name_en: "Harbor Water" });
  });

  it("is gone by before the server has answered", async () => {
    localStorage.setItem(KEPT, JSON.stringify(HARBOR));
    let answer: (response: Response) => void = () => undefined;
    vi.stubGlobal("fetch", () => new Promise<Response>((done) => (answer = done)));
    const started = startInstallation();
    expect(houseName("en")).toBe("Harbor Water");
    answer(Response.json({ ...HARBOR, name_en: "Bay Water" }));
    await started;
    expect(houseName("en")).toBe("Bay Water");
  });

  it("lacks what a newer release says, which is as usual until it does", async () => {
    localStorage.setItem(KEPT, JSON.stringify({ time_zone: "Asia/Tokyo", currency: "JPY" }));
    away();
    await startInstallation();
    expect(installed()).toEqual({ ...USUAL, time_zone: "Asia/Tokyo", currency: "JPY" });
  });

  it("cannot be kept where a browser keeps nothing, and the page goes by it all the same", async () => {
    const setItem = vi.fn(() => {
      throw new DOMException("full", "QuotaExceededError");
    });
    vi.stubGlobal("localStorage", { getItem: () => null, setItem });
    says(HARBOR);
    await expect(startInstallation()).resolves.toBeUndefined();
    expect(setItem).toHaveBeenCalledOnce();
    expect(houseName("en")).toBe("Harbor Water");
  });

  it("cannot be read where a browser forbids it", async () => {
    const shut = vi.fn(() => {
      throw new DOMException("not here", "SecurityError");
    });
    vi.stubGlobal("localStorage", { getItem: shut, setItem: shut });
    says(HARBOR);
    await startInstallation();
    expect(shut).toHaveBeenCalledTimes(2);
    expect(houseName("en")).toBe("Harbor Water");
  });

  it("stays as it was where the answer breaks off", async () => {
    localStorage.setItem(KEPT, JSON.stringify(HARBOR));
    const cut = new Response('{"time_zone": "As', { headers: { "Content-Type": "application/json" } });
    vi.stubGlobal("fetch", () => Promise.resolve(cut));
    await startInstallation();
    expect(installed().time_zone).toBe("America/Los_Angeles");
  });
});

describe("money of the world", () => {
  // The server counts PKR in hundredths; a browser's own table shows none.
  it.each([
    ["PKR", 2, 4550, "PKR 45.50"],
    ["PKR", 0, 4550, "PKR 4,550"],
    ["IQD", 0, 4550, "IQD 4,550"],
    ["TND", 3, 4550, "TND 4.550"],
    ["CLF", 4, 45_501, "CLF 4.5501"],
    ["XCG", 2, 4550, "Cg. 45.50"],
    ["CHF", 2, -4550, "-CHF 45.50"],
    ["BRL", 2, 1, "R$0.01"],
    ["JPY", 0, 0, "¥0"],
  ] as const)("has the decimals that the server counts by: %s with %s", (currency, digits, minor, shown) => {
    install({ ...USUAL, currency, minor_digits: digits });
    expect(plain(moneyText(minor, "en"))).toBe(shown);
    expect(plain(moneyText(minor, "zh")).endsWith(shown.slice(-2))).toBe(true);
  });

  it("comes back as it was shown, whatever the currency", () => {
    for (const currency of Intl.supportedValuesOf("currency"))
      for (const digits of [0, 2, 3]) {
        install({ ...USUAL, currency, minor_digits: digits });
        for (const minor of [0, 1, 99, 12_345, 10 ** 9 + 1]) {
          const bare = moneyText(minor, "en").replace(currencySign("en"), "").replace(/[\s,]/g, "");
          expect(minorOf(bare), `${currency} ${digits} ${minor}`).toBe(minor);
        }
      }
  });

  it.each([
    [2, "0.07", 7],
    [2, "8.2", 820],
    [2, "1000000.01", 100_000_001],
    [2, " 45 ", 4500],
    [2, "-1.15", -115],
    [3, "0.0004", 0],
    [0, "45.4", 45],
    [2, "", 0],
  ])("is typed in by %s decimals: %s", (digits, typed, minor) => {
    install({ ...USUAL, minor_digits: digits });
    expect(minorOf(typed) + 0).toBe(minor);
  });
});

describe("a telling", () => {
  const whole = { ...emptyTelling("Ann"), minutes: "40", amount: "45.5", agreed: "yes" as const };

  it.each([
    [{ minutes: "" }, {}, "amount"],
    [{ amount: "" }, {}, "amount"],
    [{ to: " \n" }, {}, "to"],
    [{ agreed: "" as const }, {}, "agreed"],
    [{}, { told_minutes: 30 }, "why"],
    [{ why: "  " }, { told_minutes: 0 }, "why"],
    [{ why: "a second leak" }, { told_minutes: 30 }, null],
    [{}, { told_minutes: null }, null],
    [{ minutes: "0", amount: "0" }, {}, null],
  ])("that has %o after %o lacks %s", (more, job, lacks) => {
    expect(lackOf({ ...whole, ...more }, job as never)).toBe(lacks);
  });

  it("that was not agreed to stands beside what was", () => {
    const job = { tellings: [{ minutes: 30, cost_fen: 3000 }], told_minutes: 30, told_cost_fen: 3000 };
    const after = withTelling({ ...whole, agreed: "no", why: " more pipe " }, job as never);
    expect(Object.keys(after)).toEqual(["tellings"]);
    expect((after["tellings"] as unknown as object[]).length).toBe(2);
    expect((after["tellings"] as unknown as object[])[1]).toMatchObject({
      cost_fen: 4550,
      is_agreed: false,
      why: "more pipe",
    });
    expect(job.tellings).toHaveLength(1);
  });

  it("has its moment as the server writes it", () => {
    const [one] = withTelling(whole, {})["tellings"] as unknown as { at: string }[];
    expect(one!.at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  });
});

describe("other places", () => {
  it.each([
    ["Asia/Kathmandu", "2026-07-01T09:00:00", "2026-07-01T03:15:00.000Z"],
    ["Pacific/Kiritimati", "2026-07-01T00:00:00", "2026-06-30T10:00:00.000Z"],
    ["Pacific/Niue", "2026-06-30T23:59:59", "2026-07-01T10:59:59.000Z"],
    // Clocks there move by half an hour: 01:45 comes twice in April, 02:15 not at all in October.
    ["Australia/Lord_Howe", "2026-04-05T01:45:00", "2026-04-04T14:45:00.000Z"],
    ["Australia/Lord_Howe", "2026-10-04T02:15:00", "2026-10-03T15:45:00.000Z"],
    ["Europe/London", "2026-03-29T00:59:59", "2026-03-29T00:59:59.000Z"],
    ["Europe/London", "2026-10-25T01:30:00", "2026-10-25T00:30:00.000Z"],
    ["Asia/Shanghai", "2028-02-29T00:00:00", "2028-02-28T16:00:00.000Z"],
  ])("in %s %s is %s", (time_zone, reading, moment) => {
    install({ ...USUAL, time_zone });
    expect(cityMoment(reading)).toBe(moment);
  });

  it("measure pipes in their own unit, there and back", () => {
    install({ ...USUAL, length_unit: "in" });
    for (const mm of [15, 20, 25, 75, 100, 1600]) expect(diameterMm(diameterShown(mm))).toBe(mm);
    expect([diameterShown(0), diameterMm(""), inOwnUnit("Pipe"), inOwnUnit("")]).toEqual([
      "0",
      0,
      "Pipe",
      "",
    ]);
    install(USUAL);
    expect([diameterShown(15), diameterMm("15")]).toEqual(["15", 15]);
  });
});
