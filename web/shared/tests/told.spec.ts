/** Telling a customer time and cost, and the sheet that they sign. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { sheetHash, sheetOf, statement } from "../sheet.ts";
import { emptyTelling, lackOf, type TellingDraft, withTelling } from "../told.ts";
import { sheetLines } from "../vocabulary/sheet_lines.ts";

const whole: TellingDraft = { ...emptyTelling("王芳"), minutes: "40", amount: "45.5", agreed: "yes" };

beforeEach(() => void vi.useFakeTimers({ now: Date.parse("2026-12-01T01:05:00.123Z") }));
afterEach(() => void vi.useRealTimers());

describe("a telling", () => {
  it.each([
    [{ minutes: "" }, {}, "amount"],
    [{ amount: "" }, {}, "amount"],
    [{ to: "  " }, {}, "to"],
    [{ agreed: "" }, {}, "agreed"],
    [{}, { told_minutes: 30 }, "why"],
    [{ why: "more pipe" }, { told_minutes: 30 }, null],
    [{}, {}, null],
  ] as [Partial<TellingDraft>, Record<string, unknown>, string | null][])(
    "%j of %j lacks %s",
    (changed, job, lack) => {
      expect(lackOf({ ...whole, ...changed }, job)).toBe(lack);
    },
  );

  it("takes nothing back, and stands only where it was agreed to", () => {
    const before = { told_minutes: 30, told_cost_fen: 1000, tellings: [{ minutes: 30 }] };
    const agreed = withTelling({ ...whole, why: " more pipe " }, before);
    expect(agreed).toMatchObject({ told_minutes: 40, told_cost_fen: 4550 });
    expect(agreed["tellings"]).toEqual([
      { minutes: 30 },
      {
        minutes: 40,
        cost_fen: 4550,
        told_to: "王芳",
        way: "in_person",
        at: "2026-12-01T01:05:00.123000Z",
        is_agreed: true,
        why: "more pipe",
      },
    ]);
    expect(withTelling({ ...whole, agreed: "no" }, before)).not.toHaveProperty("told_minutes");
  });

  it("is counted in whole fen", () => {
    expect(withTelling({ ...whole, amount: "1.15" }, {})["told_cost_fen"]).toBe(115);
  });
});

describe("a service sheet", () => {
  const job = { number: "W1", result: "fixed", remainder: "", diagnosis: null, state: "done" };

  it("holds what was said, in one form whatever the order of its photos", async () => {
    expect(sheetOf(job, ["b", "a"])).toEqual({ number: "W1", result: "fixed", photos: ["a", "b"] });
    expect(await sheetHash(sheetOf(job, ["b", "a"]))).toBe(await sheetHash(sheetOf(job, ["a", "b"])));
    expect(await sheetHash(sheetOf({ ...job, result: "mended" }, []))).not.toBe(
      await sheetHash(sheetOf(job, [])),
    );
  });

  it("is read with its currency, with its parts at the end", () => {
    const lines = sheetLines(
      { told_cost_fen: 4550, parts: [{ name: "阀门", quantity: 2 }], photos: ["x"] },
      "zh",
    );
    expect(lines.map(([, value]) => value)).toEqual(["¥45.50", "阀门 × 2"]);
    expect(lines[0]![0]).not.toContain("分");
  });

  it("is signed with its strokes and its signer", async () => {
    const signature = { of_kind: "work_order", of_id: "1", signer_name: "王芳", strokes: [[1, 2, 3]] };
    const text = await statement("s", "d", signature);
    expect(text).toBe(await statement("s", "d", { ...signature }));
    expect(text).not.toBe(await statement("s", "d", { ...signature, strokes: [[1, 2, 4]] }));
    expect(JSON.parse(text)).toMatchObject({ id: "s", device_id: "d", signer_name: "王芳" });
  });
});
