/** A questionnaire's conditions and what is typed into it. */
import { describe, expect, it } from "vitest";

import { answerOf, faults, holds, isAsked, type Question } from "../sync/forms.ts";

describe("conditions", () => {
  it.each([
    ["answers.people > 2", { people: 3 }, true],
    ["answers.people > 2", { people: 2 }, false],
    ["answers.people > 2", {}, false],
    ["answers.leaks == 'yes' && !(answers.people in [1, 2])", { leaks: "yes", people: 3 }, true],
    ["answers.name.contains('水') ? answers.people == 1.0 : false", { name: "漏水", people: 1 }, true],
    ["answers.people / 0 > 1", { people: 1 }, false],
    ["answers.people >", { people: 1 }, false],
    ["globalThis", {}, false],
    ["answers.constructor == 1", {}, false],
  ])("%s of %j", (source, answers, isTrue) => {
    expect(holds(source, answers)).toBe(isTrue);
  });

  it("that nest without end are not true instead of ending the page", () => {
    expect(holds(`${"(".repeat(5000)}true${")".repeat(5000)}`, {})).toBe(false);
  });
});

describe("what is typed", () => {
  const decimal: Question = { type: "decimal", name: "n" };

  it.each([
    ["7.50", 7.5],
    ["１２", 12],
    [" 007 ", 7],
    ["-0", 0],
    ["", null],
    ["about 7", "about 7"],
    ["9007199254740993", "9007199254740993"],
    ["0.1", 0.1],
  ])("%j is the number that is meant, or stays as it is", (typed, answer) => {
    expect(answerOf(decimal, typed)).toBe(answer);
  });

  it("where a text is asked for stays a text", () => {
    expect(answerOf({ type: "text", name: "t" }, "007")).toBe("007");
  });
});

describe("faults", () => {
  const rows: Question[] = [
    { type: "select_one", name: "leaks", required: true },
    {
      type: "integer",
      name: "litres",
      required: true,
      relevant: "answers.leaks == 'yes'",
      constraint: "value < 100",
    },
    { type: "satisfaction", name: "mood" },
    { type: "note", name: "thanks", required: true },
    { type: "text", name: "toString" },
  ];

  it("are found where an answer is missing, wrong, or given to what was not asked", () => {
    expect(faults(rows, {})).toEqual([["leaks", "required"]]);
    expect(faults(rows, { leaks: "yes" })).toEqual([["litres", "required"]]);
    expect(faults(rows, { leaks: "yes", litres: 200, mood: "glad" })).toEqual([
      ["litres", "constraint"],
      ["mood", "not_a_choice"],
    ]);
    expect(faults(rows, { leaks: "no", litres: 1 })).toEqual([["litres", "not_asked"]]);
    expect(faults(rows, { leaks: "yes", litres: 5, mood: "neutral" })).toEqual([]);
  });

  it("follow what is asked", () => {
    expect(rows.filter((row) => isAsked(row, { leaks: "no" })).map((row) => row.name)).not.toContain(
      "litres",
    );
  });
});
