/** The board's filters: what they ask for, what is kept of them, and the order of need. */
import { beforeEach, describe, expect, it } from "vitest";

import { byNeed, forgetFilter, isSame, isWanted, keepFilter, keptFilters, NOTHING } from "../src/filters.ts";
import { type Job, live, matters } from "../src/live.ts";

const job = (changed: Partial<Job> = {}): Job =>
  ({
    id: "1",
    number: "W20261201-7",
    state: "dispatched",
    urgency: "normal",
    matter_id: "m",
    description: "厨房漏水",
    address: "香港中路 10 号",
    cell_id: "c1",
    crew_id: "k1",
    due_at: "2026-12-01T04:00:00Z",
    opened_at: null,
    escalated_at: null,
    dispatched_at: "2026-12-01T01:00:00Z",
    ...changed,
  }) as Job;

beforeEach(() => {
  live.now = Date.parse("2026-12-01T03:00:00Z");
  matters.value = new Map([["m", { name_zh: "报修", name_en: "Repair" }]]);
});

describe("a job is wanted", () => {
  it.each([
    [{ state: "dispatched" }, {}, true],
    [{ state: "done" }, {}, false],
    [{ state: "unopened" }, {}, true],
    [{ state: "unopened" }, { opened_at: "2026-12-01T02:00:00Z" }, false],
    [{ state: "late" }, {}, false],
    [{ state: "late" }, { due_at: "2026-12-01T02:59:00Z" }, true],
    [{ state: "late" }, { due_at: "2026-12-01T02:59:00Z", state: "done" }, false],
    [{ state: "call" }, { escalated_at: "2026-12-01T01:10:00Z" }, true],
    [{ state: "call" }, { escalated_at: "2026-12-01T00:59:00Z" }, false],
    [{ state: "call" }, { escalated_at: "2026-12-01T01:10:00Z", opened_at: "2026-12-01T01:11:00Z" }, false],
    [{ urgency: "urgent" }, {}, false],
    [{ crew: "none" }, {}, false],
    [{ crew: "none" }, { crew_id: null }, true],
    [{ crew: "k2" }, {}, false],
    [{ cell: "c1" }, {}, true],
    [{ words: "漏水" }, {}, true],
    [{ words: "repair" }, {}, true],
    [{ words: "香港中路10号" }, {}, true],
    [{ words: "阀门" }, {}, false],
    [{ words: "漏水", cell: "c2" }, {}, false],
  ] as const)("by %j of %j: %s", (wanted, changed, isFound) => {
    expect(isWanted(job(changed), { ...NOTHING, ...wanted })).toBe(isFound);
  });
});

describe("filters that are kept", () => {
  it("belong to one person, and a name means the last that was kept under it", () => {
    keepFilter("me", { name: "mine", wanted: { crew: "k1" } });
    keepFilter("me", { name: "late", wanted: { state: "late" } });
    keepFilter("me", { name: "mine", wanted: { crew: "k2" } });
    expect(keptFilters("me")).toEqual([
      { name: "late", wanted: { state: "late" } },
      { name: "mine", wanted: { crew: "k2" } },
    ]);
    expect(keptFilters("other")).toEqual([]);
    expect(forgetFilter("me", "late").map((one) => one.name)).toEqual(["mine"]);
  });

  it("are none where what stands there cannot be read", () => {
    localStorage.setItem("wangge.filters.me", "{");
    expect(keptFilters("me")).toEqual([]);
  });

  it("are the same where they ask for the same", () => {
    expect(isSame({ state: "late" }, { ...NOTHING, state: "late" })).toBe(true);
    expect(isSame({ state: "late" }, { state: "late", crew: "k1" })).toBe(false);
  });
});

describe("the order of need", () => {
  it("puts urgent work first, then what is due first", () => {
    const all = [
      job({ id: "later", due_at: "2026-12-02T00:00:00Z" }),
      job({ id: "sooner" }),
      job({ id: "urgent", urgency: "urgent", due_at: "2026-12-09T00:00:00Z" }),
    ];
    expect(all.sort(byNeed).map((one) => one.id)).toEqual(["urgent", "sooner", "later"]);
  });

  it("puts what has no limit last among its like", () => {
    const all = [
      job({ id: "none", due_at: null }),
      job({ id: "urgent without", urgency: "urgent", due_at: null }),
      job({ id: "next year", due_at: "2027-12-01T04:00:00Z" }),
      job({ id: "urgent", urgency: "urgent", due_at: "2026-12-09T00:00:00Z" }),
      job({ id: "another zone", due_at: "2026-12-01T05:00:00+08:00" }),
      job({ id: "today" }),
    ];
    expect(all.sort(byNeed).map((one) => one.id)).toEqual([
      "urgent",
      "urgent without",
      "another zone",
      "today",
      "next year",
      "none",
    ]);
  });

  it("leaves alike what has no limit at all", () => {
    expect(byNeed(job({ due_at: null }), job({ due_at: null }))).toBe(0);
  });
});
