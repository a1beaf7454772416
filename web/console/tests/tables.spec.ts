/** Files that open in Excel, and areas and ways in words. */
import { describe, expect, it } from "vitest";

import { areaText, stateName, wayName } from "../src/ground_words.ts";
import { csvText, harmless } from "../src/tables.ts";

describe("a table for Excel", () => {
  it.each([
    ["=1+1", "'=1+1"],
    ["+8613800000000", "'+8613800000000"],
    ["@x", "'@x"],
    ["-", "'-"],
    [-5, "-5"],
    ["王芳", "王芳"],
    [null, ""],
  ])("%j runs nothing there", (value, text) => {
    expect(harmless(value)).toBe(text);
  });

  it("quotes what would break a line, and says that it is UTF-8", () => {
    const columns = [
      { title: "名称", value: (row: { name: string; count: number }) => row.name },
      { title: "a,b", value: (row: { name: string; count: number }) => row.count },
    ];
    expect(csvText(columns, [{ name: 'one "two"\n', count: 3 }])).toBe(
      '\ufeff名称,"a,b"\r\n"one ""two""\n",3\r\n',
    );
  });
});

describe("the ground in words", () => {
  it("measures small areas in square metres", () => {
    expect([areaText(9_999.4), areaText(10_000), areaText(1_234_567)]).toEqual([
      "9999 m²",
      "0.01 km²",
      "1.23 km²",
    ]);
  });

  it("shows a newer server's ways and states by their names", () => {
    expect([wayName("split", "zh"), wayName("by_river", "zh")]).toEqual(["拆分", "by_river"]);
    expect([stateName("applied", "en"), stateName("asleep", "en")]).toEqual(["in force", "asleep"]);
  });
});
