/** What holds for the whole installation, as pages hear of it and show it. */
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
  uninstall,
  USUAL,
} from "../installation.ts";
import { minorOf as typed } from "../installation.ts";
import { emptyTelling, withTelling } from "../told.ts";
import { sheetLines } from "../vocabulary/sheet_lines.ts";
import {
  choicesOf,
  choiceWord,
  cityDay,
  cityHour,
  fieldWord,
  fullTimeText,
  tellingText,
  timeText,
  valueText,
} from "../vocabulary/words.ts";

const ANGELES: Installation = {
  ...USUAL,
  name_zh: "洛杉矶水务",
  name_en: "Los Angeles Water",
  time_zone: "America/Los_Angeles",
  language: "en",
  currency: "USD",
  length_unit: "in",
  posts: [{ code: "diver", zh: "潜水员", en: "Diver" }],
};
const KEPT = "wangge.installation";

describe("what a page hears", () => {
  it("is the usual before anything was said", () => {
    expect([installed(), houseName("zh"), houseName("en")]).toEqual([USUAL, "网格", "Wangge"]);
  });

  it("is what the server says, and is kept for when it says nothing", async () => {
    const asked = vi.fn(() => Promise.resolve(Response.json(ANGELES)));
    vi.stubGlobal("fetch", asked);
    await startInstallation();
    expect(asked).toHaveBeenCalledWith("/api/v1/public/installation");
    expect(houseName("en")).toBe("Los Angeles Water");
    uninstall();
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("no network")));
    await startInstallation();
    expect(installed().time_zone).toBe("America/Los_Angeles");
  });

  it.each([
    ["a refusal", () => Response.json({ code: "not_ready" }, { status: 503 })],
    ["a page of somebody else's", () => new Response("<html>sign in to the Wi-Fi</html>")],
    ["something else", () => Response.json({ newest: null })],
  ])("is not %s", async (_, answer) => {
    vi.stubGlobal("fetch", () => Promise.resolve(answer()));
    await startInstallation();
    expect([installed(), localStorage.getItem(KEPT)]).toEqual([USUAL, null]);
  });

  it("of posts stays where the public part says nothing of them", () => {
    install(ANGELES);
    const { posts: _, ...told } = ANGELES;
    install({ ...told, name_en: "LA Water" });
    expect([installed().name_en, installed().posts]).toEqual(["LA Water", ANGELES.posts]);
  });
});

describe("money", () => {
  it.each([
    ["CNY", 2, 4550, "zh", "¥45.50"],
    ["CNY", 2, 4550, "en", "CN¥45.50"],
    ["USD", 2, 4550, "en", "$45.50"],
    ["USD", 2, 123_456_700, "zh", "US$1,234,567.00"],
    ["JPY", 0, 4550, "en", "¥4,550"],
    ["KWD", 3, 4550, "en", "KWD 4.550"],
  ] as const)("in %s with its decimals", (currency, minor_digits, minor, language, shown) => {
    install({ ...USUAL, currency, minor_digits });
    expect(moneyText(minor, language).replace(/\s/g, " ")).toBe(shown);
    expect(shown).toContain(currencySign(language));
  });

  it.each([
    [2, "45.5", 4550],
    [2, "1.15", 115],
    [0, "4550", 4550],
    [3, "4.55", 4550],
  ])("that is typed becomes the smallest unit: %s decimals, %s", (minor_digits, typedIn, minor) => {
    install({ ...USUAL, minor_digits });
    expect([minorOf(typedIn), typed(typedIn)]).toEqual([minor, minor]);
    const draft = { ...emptyTelling("Ann"), minutes: "5", amount: typedIn, agreed: "yes" as const };
    expect(withTelling(draft, {})["told_cost_fen"]).toBe(minor);
  });

  it("stands on the sheet, in tellings and in records alike", () => {
    install(ANGELES);
    const one = { minutes: 40, cost_fen: 4550, told_to: "Ann", way: "phone", at: "2026-07-01T16:05:00Z" };
    expect(tellingText({ ...one, is_agreed: true } as never, "en")).toMatch(
      /^\$45\.50, 40 min, told Ann.*09:05/,
    );
    expect(sheetLines({ told_cost_fen: 4550 }, "en")).toEqual([["Cost told", "$45.50"]]);
    expect(valueText("work_order", "told_cost_fen", 4550, "zh")).toBe("US$45.50");
  });
});

describe("the city's clock", () => {
  it("is that of the installation", () => {
    install(ANGELES);
    const at = "2026-07-02T03:30:00Z";
    expect([cityDay(Date.parse(at)), cityHour(Date.parse(at))]).toEqual(["2026-07-01", 20.5]);
    expect(timeText(at, "en", false)).toBe("20:30");
    expect(fullTimeText(at, "en")).toContain("1 July 2026");
    uninstall();
    expect(cityDay(Date.parse(at))).toBe("2026-07-02");
  });

  it.each([
    ["2026-07-01T09:00:00", "2026-07-01T16:00:00.000Z"],
    ["2026-12-01T09:00:00", "2026-12-01T17:00:00.000Z"],
    // The day on which clocks are put back: 01:30 comes twice, and the first is meant.
    ["2026-11-01T00:30:00", "2026-11-01T07:30:00.000Z"],
    ["2026-11-01T01:30:00", "2026-11-01T08:30:00.000Z"],
    ["2026-11-01T08:00:00", "2026-11-01T16:00:00.000Z"],
    // The day on which they are put forward: 02:30 does not come.
    ["2027-03-14T01:30:00", "2027-03-14T09:30:00.000Z"],
    ["2027-03-14T02:30:00", "2027-03-14T10:30:00.000Z"],
    ["2027-03-14T03:30:00", "2027-03-14T10:30:00.000Z"],
    ["2027-03-14T08:00:00", "2027-03-14T15:00:00.000Z"],
  ])("reads %s as %s, also where clocks move", (reading, moment) => {
    install(ANGELES);
    expect(cityMoment(reading)).toBe(moment);
  });

  it("moves nothing where clocks do not", () => {
    expect(cityMoment("2026-11-01T01:30:00")).toBe("2026-10-31T17:30:00.000Z");
  });
});

describe("posts and diameters", () => {
  it("are the installation's, and the usual where it says nothing", () => {
    expect(choiceWord("staff", "post", "works_manager", "en")).toBe("Works manager");
    install(ANGELES);
    expect(choicesOf("staff", "post", "en")).toEqual([{ value: "diver", text: "Diver" }]);
    expect(choiceWord("staff", "post", "diver", "zh")).toBe("潜水员");
    expect(choiceWord("staff", "post", "works_manager", "en")).toBe("works_manager");
  });

  it("are kept in millimetres, whatever people use", () => {
    expect([diameterMm("75"), diameterShown(75), inOwnUnit("管径（毫米）")]).toEqual([
      75,
      "75",
      "管径（毫米）",
    ]);
    install(ANGELES);
    expect([diameterMm("2.95"), diameterShown(75)]).toEqual([75, "2.95"]);
    expect(fieldWord("service_point", "diameter_mm", "en")).toBe("Diameter (in)");
    expect(fieldWord("service_point", "diameter_mm", "zh")).toBe("口径（英寸）");
    expect(valueText("service_point", "diameter_mm", 20, "en")).toBe("0.79");
    expect(valueText("survey", "findings", { pipe_material: "PE", diameter_mm: 75 }, "en")).toBe("PE 2.95");
  });
});
