/** A questionnaire's conditions: what they mean, and that what cannot be computed is not true. */
import { describe, expect, it } from "vitest";

import { holds } from "../sync/expressions.ts";
import { answerOf, faults, isAsked, isNumeral, type Question } from "../sync/forms.ts";

const answers = {
  people: 3,
  litres: 7.5,
  leaks: "yes",
  note: "水管漏水",
  seen: ["mould", "rust"],
  rooms: [{ size: 12 }, { size: 20 }],
  none: null,
};
const is = (condition: string, value: unknown = null): boolean => holds(condition, answers, value);

describe("numbers", () => {
  it.each([
    "answers.people == 3",
    "answers.people == 3.0",
    "answers.people != 4",
    "answers.litres > 7 && answers.litres < 8",
    "answers.people * 2 + 1 == 7",
    "answers.people + 2 * 2 == 7",
    "(answers.people + 2) * 2 == 10",
    "10 - 3 - 2 == 5",
    "7 % 4 == 3",
    "-answers.people == -3",
    "--answers.people == 3",
    "1e2 == 100",
    "1.5e-1 < 0.2",
    "10 / 4 == 2.5",
  ])("%s", (condition) => expect(is(condition)).toBe(true));

  it.each(["1 / 0 > 0", "1e999 > 0", "answers.people > '2'", "'3' == 3", "answers.people && true", "3"])(
    "%s is not true",
    (condition) => expect(is(condition)).toBe(false),
  );
});

describe("texts", () => {
  it.each([
    "answers.leaks == 'yes'",
    'answers.leaks == "yes"',
    "answers.note.startsWith('水管')",
    "answers.note.endsWith('水')",
    "answers.note.contains('漏')",
    "size(answers.note) == 4",
    "answers.note.size() == 4",
    "'a' + 'b' == 'ab'",
    "'a' < 'b' && 'B' < 'a' && 'a' < 'aa'",
    "'it\\'s' == \"it's\"",
    "'\\u6c34' == '水'",
    "'a\\nb'.contains('\\n')",
    // By code points: this sign is beyond those that JavaScript compares right.
    "'\\uffff' < '𠮷'",
    "size('𠮷') == 1",
  ])("%s", (condition) => expect(is(condition)).toBe(true));

  it.each([
    "'open",
    "'\\q' == 'q'",
    "'\\ud800' == 'x'",
    "answers.people.contains('3')",
    "'a'.upper() == 'A'",
  ])("%s is not true", (condition) => expect(is(condition)).toBe(false));
});

describe("lists and documents", () => {
  it.each([
    "'rust' in answers.seen",
    "!('frost' in answers.seen)",
    "answers.people in [1, 2, 3]",
    "answers.seen[0] == 'mould'",
    "size(answers.seen) == 2",
    "answers.seen == ['mould', 'rust']",
    "answers.rooms.all(room, room.size > 10)",
    "answers.rooms.exists(room, room.size == 20)",
    "!answers.rooms.exists(room, room.size == 21)",
    "answers.rooms[1].size == 20",
    "answers['leaks'] == 'yes'",
    "'leaks' in answers",
    "has(answers.leaks) && !has(answers.absent)",
    "answers.none == null",
    "size([]) == 0",
  ])("%s", (condition) => expect(is(condition)).toBe(true));

  it.each([
    "answers.absent == null",
    "answers.seen[2] == 'x'",
    "answers.seen[-1] == 'rust'",
    "answers.seen[0.5] == 'mould'",
    "answers.people[0] == 3",
    "answers.leaks.all(one, true)",
    "has(answers)",
    "has(answers['leaks'])",
    "size(answers.people) == 1",
    "answers.rooms.all(true, true)",
    "room.size > 1",
  ])("%s is not true", (condition) => expect(is(condition)).toBe(false));
});

describe("yes and no", () => {
  it("is decided by the side that can be computed", () => {
    expect(is("answers.absent == 1 || answers.people == 3")).toBe(true);
    expect(is("answers.people == 3 || answers.absent == 1")).toBe(true);
    expect(is("!(answers.absent == 1 && answers.people == 4)")).toBe(true);
    expect(is("answers.absent == 1 && answers.people == 3")).toBe(false);
    expect(is("answers.absent == 1 || answers.people == 4")).toBe(false);
  });

  it("chooses one of two, and computes only that one", () => {
    expect(is("answers.people > 2 ? answers.leaks == 'yes' : answers.absent")).toBe(true);
    expect(is("answers.people > 5 ? answers.absent : true")).toBe(true);
    expect(is("true ? false ? false : true : false")).toBe(true);
    expect(is("answers.people ? true : true")).toBe(false);
  });

  it("holds tighter for and than for or", () => {
    expect(is("true || false && false")).toBe(true);
    expect(is("(true || false) && false")).toBe(false);
  });

  it("is what the value itself says where a constraint asks for it", () => {
    expect(is("value > 0 && value < 10", 5)).toBe(true);
    expect(is("value > 0 && value < 10", 10)).toBe(false);
    expect(is("value != answers.people", 3)).toBe(false);
  });
});

describe("what cannot be read", () => {
  it.each([
    "",
    "   ",
    "answers.",
    "(true",
    "true)",
    "true true",
    "&& true",
    "answers..people",
    "@",
    "a = 1",
    "in",
  ])("%j is not true", (condition) => expect(is(condition)).toBe(false));

  it("because it is too long or too deep is not true, and ends nothing", () => {
    expect(is(`true${" && true".repeat(90)}`)).toBe(true);
    expect(is(`true${" && true".repeat(200)}`)).toBe(false);
    expect(is(`${"(".repeat(20)}true${")".repeat(20)}`)).toBe(true);
    expect(is(`${"[".repeat(40)}${"]".repeat(40)} == []`)).toBe(false);
    expect(is(`${"!".repeat(100)}true`)).toBe(true);
  });

  it("reaches nothing outside the answers", () => {
    for (const name of ["constructor", "__proto__", "toString", "hasOwnProperty"]) {
      expect(is(`answers.${name} != null`)).toBe(false);
      expect(is(`answers['${name}'] != null`)).toBe(false);
      expect(is(`'${name}' in answers`)).toBe(false);
    }
    expect(is("answers.seen.length == 2")).toBe(false);
    expect(is("answers.seen.constructor(1)")).toBe(false);
  });
});

describe("questions that hang on one another", () => {
  const rows: Question[] = [
    { type: "select_one", name: "leaks", required: true },
    { type: "integer", name: "litres", relevant: "answers.leaks == 'yes'", constraint: "value >= 0" },
    { type: "text", name: "why", relevant: "answers.litres > 100", required: true },
  ];
  const asked = (given: object): string[] =>
    rows.filter((row) => isAsked(row, given as never)).map((row) => row.name);

  it("are asked one after the other", () => {
    expect(asked({})).toEqual(["leaks"]);
    expect(asked({ leaks: "yes" })).toEqual(["leaks", "litres"]);
    expect(asked({ leaks: "yes", litres: 101 })).toEqual(["leaks", "litres", "why"]);
    expect(asked({ leaks: "yes", litres: "101" })).toEqual(["leaks", "litres"]);
  });

  it("are at fault one by one, in their order", () => {
    expect(faults(rows, {})).toEqual([["leaks", "required"]]);
    expect(faults(rows, { leaks: "yes", litres: -1 })).toEqual([["litres", "constraint"]]);
    expect(faults(rows, { leaks: "yes", litres: 101 })).toEqual([["why", "required"]]);
    expect(faults(rows, { leaks: "no", litres: 101, why: "x" })).toEqual([["litres", "not_asked"]]);
  });
});

describe("a number as it is typed", () => {
  it.each([
    ["7", true],
    ["７．５", true],
    ["+1e3", true],
    [".5", true],
    ["5.", true],
    ["1,000", false],
    ["0x10", false],
    ["七", false],
    ["", false],
    ["1e999", true],
    ["1e1000", false],
  ])("%j is one: %s", (typed, isOne) => {
    expect(isNumeral(typed)).toBe(isOne);
  });

  it.each([
    ["1e1000", "1e1000"],
    ["0.10", 0.1],
    ["1e3", 1000],
    ["0.30000000000000004", 0.30000000000000004],
    ["0.1000000000000000055", "0.1000000000000000055"],
    ["-0.0", 0],
    ["   ", null],
  ])("%j is kept as %j: never another than what stands there", (typed, answer) => {
    expect(answerOf({ type: "integer", name: "n" }, typed)).toBe(answer);
  });
});
