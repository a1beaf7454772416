/** The board as it is now: read once for many askers, names on it, jobs given and taken back. */
import { ElMessage, ElMessageBox } from "element-plus";
import { flushPromises } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { readAlarms, readAlarmsSometimes, ringing } from "../src/alarms.ts";
import { me } from "../src/api.ts";
import { assign, past, undo } from "../src/assigning.ts";
import { mayMoveLimits } from "../src/due.ts";
import { deadFacts, mayRetry, readFacts, whatFailed, whyFailed, type DeadFact } from "../src/facts.ts";
import { handOver } from "../src/links.ts";
import {
  cellName,
  cells,
  type Crew,
  crewName,
  crews,
  extent,
  hasNoAccount,
  isStale,
  type Job,
  jobs,
  live,
  matterName,
  matters,
  notices,
  readBoard,
  readMatters,
} from "../src/live.ts";
import { house, refused, signedIn } from "./console_screen.ts";

const BOARD = { jobs: [], crews: [], cells: [], notices: [], extent: [120, 36, 121, 37] };
const job = (id: string, more: Partial<Job> = {}): Job =>
  ({ id, version: 3, number: `W-${id}`, crew_id: null, matter_id: "m", ...more }) as Job;

beforeEach(() => {
  signedIn("dispatcher");
  jobs.value = [];
  crews.value = [{ id: "k1", name: "一班", has_account: false } as unknown as Crew];
  Object.assign(past, { steps: [], results: [] });
});
afterEach(() => {
  me.signed = null;
  vi.restoreAllMocks();
});

describe("the board", () => {
  it("is read whole", async () => {
    house({
      "GET /api/v1/dispatch/board": {
        ...BOARD,
        jobs: [job("1")],
        notices: [{ id: "n" }],
        cells: [{ id: "c" }],
      },
    });
    await readBoard();
    expect([jobs.value.length, notices.value.length, cells.value.length]).toEqual([1, 1, 1]);
    expect(extent.value).toEqual([120, 36, 121, 37]);
    expect(Date.now() - live.readAt).toBeLessThan(10_000);
  });

  it("is read once more for everybody who asks while it is being read", async () => {
    const asked = house({ "GET /api/v1/dispatch/board": BOARD });
    await Promise.all([readBoard(), readBoard(), readBoard()]);
    await vi.waitFor(() => expect(boards(asked)).toBe(2), 20_000);
    await readBoard();
    expect(boards(asked)).toBeLessThan(5);
  });

  it("that cannot be read keeps what was there, and grows old", async () => {
    house({ "GET /api/v1/dispatch/board": refused(500, "server_error") });
    jobs.value = [job("1")];
    live.readAt = Date.now() - 61_000;
    live.now = Date.now();
    await readBoard();
    expect([jobs.value.length, isStale.value]).toEqual([1, true]);
    live.readAt = live.now - 59_000;
    expect(isStale.value).toBe(false);
  });

  const boards = (asked: { path: string }[]): number =>
    asked.filter((one) => one.path.endsWith("/board")).length;
});

describe("a name on the board", () => {
  it("of a job is its matter's in the reader's language, else its number", async () => {
    house({
      "GET /api/v1/matters": {
        rows: [
          { id: "m", name_zh: "漏水", name_en: "Leak" },
          { id: "n", name_zh: "停水" },
        ],
      },
    });
    await readMatters();
    expect([matterName(job("1"), "zh"), matterName(job("1"), "en")]).toEqual(["漏水", "Leak"]);
    expect(matterName(job("1", { matter_id: "n" }), "en")).toBe("停水");
    expect(matterName(job("1", { matter_id: "gone" }), "zh")).toBe("W-1");
    expect(matterName(job("1", { matter_id: "gone", number: null }), "zh")).toBe("");
    matters.value = new Map();
  });

  it("of a crew or a cell that is not there is none", () => {
    cells.value = [{ id: "c1", name: "大港一格" }] as never;
    expect([crewName("k1"), crewName("gone"), crewName(null)]).toEqual(["一班", "", ""]);
    expect([cellName("c1"), cellName(undefined)]).toEqual(["大港一格", ""]);
    expect([hasNoAccount("k1"), hasNoAccount("gone")]).toEqual([true, false]);
  });
});

describe("jobs given to a crew", () => {
  it("have a result each, and one that cannot go stops no other", async () => {
    jobs.value = [job("1"), job("2", { version: 9 })];
    const asked = house({
      "PUT /api/v1/dispatch/1/assignment": refused(409, "changed_meanwhile"),
      "PUT /api/v1/dispatch/2/assignment": {},
      "GET /api/v1/dispatch/board": BOARD,
    });
    const found = await assign([...jobs.value, job("12345678-9", { number: null })], "k1", "zh", true);
    expect(found.map((one) => [one.number, one.isDone])).toEqual([
      ["W-1", false],
      ["W-2", true],
      ["345678-9", false],
    ]);
    expect([found[0]!.text, found[1]!.text]).toEqual([expect.stringContaining("记录已被别人修改"), "一班"]);
    expect(asked[1]).toMatchObject({ body: { crew_id: "k1", is_pinned: true } });
    expect(asked.slice(0, 2).map((one) => one.headers.get("If-Match"))).toEqual(['"3"', '"9"']);
    expect(past.steps.map((one) => one.number)).toEqual(["W-2"]);
  });

  it.each([
    ["k9", "PUT", { crew_id: "k9", is_pinned: false }],
    [null, "DELETE", null],
  ])("go back to whoever had them: %s", async (before, method, body) => {
    vi.spyOn(ElMessage, "success").mockReturnValue({ close: () => undefined } as never);
    const asked = house({
      "PUT /api/v1/dispatch/2/assignment": {},
      "DELETE /api/v1/dispatch/2/assignment": {},
      "GET /api/v1/dispatch/board": BOARD,
    });
    past.steps = [{ job: "2", number: "W-2", from: before, to: "k1" }];
    await undo("zh");
    expect(asked[0]).toMatchObject({ method, body });
    expect(past.steps).toEqual([]);
    await undo("zh");
    expect(asked.filter((one) => one.path.includes("assignment"))).toHaveLength(1);
  });

  it("that cannot be taken back say why", async () => {
    const said = vi.spyOn(ElMessage, "error").mockReturnValue({ close: () => undefined } as never);
    house({ "DELETE /api/v1/dispatch/2/assignment": refused(409, "changed_meanwhile") });
    past.steps = [{ job: "2", number: "W-2", from: null, to: "k1" }];
    await undo("en");
    expect(said.mock.calls[0]![0]).toContain("Somebody else has changed the record");
  });
});

describe("facts that were given up", () => {
  const fact = (name: string, error: string | null = null): DeadFact => ({ fact: name, error }) as DeadFact;

  it.each([
    ["work_order.written", "facts.written"],
    ["visit.called_back", "facts.called_back"],
    ["photo.looked_at", "facts.looked_at"],
    ["plan.wanted", "facts.wanted"],
    ["something.of_tomorrow", "facts.other"],
  ])("of %s say %s", (name, key) => {
    expect(whatFailed(fact(name))).toBe(key);
  });

  it("say why where the catalogue knows it", () => {
    expect(whyFailed(fact("a.written", "not_allowed"), "zh")).toMatch(/[\u4e00-\u9fff]/);
    expect(whyFailed(fact("a.written", "KeyError"), "zh")).toBeUndefined();
    expect(whyFailed(fact("a.written"), "en")).toBeUndefined();
  });

  it("are asked for by those alone who may try them again", async () => {
    const asked = house({ "GET /api/v1/inbox/facts": [fact("a.written")] });
    await readFacts();
    expect([deadFacts.value.length, mayRetry.value]).toEqual([1, true]);
    signedIn("auditor");
    await readFacts();
    expect([deadFacts.value.length, mayRetry.value, asked.length]).toEqual([0, false, 1]);
  });
});

describe("alarms of the system", () => {
  it("are asked for by administrators alone, and not with every board", async () => {
    const alarm = { code: "disk", title: { zh: "磁盘快满了", en: "full" }, since: "2026-09-01T00:00:00Z" };
    const asked = house({ "GET /api/v1/alarms/ringing": [alarm] });
    signedIn("admin");
    await readAlarms();
    readAlarmsSometimes();
    await flushPromises();
    expect([ringing.value.length, asked.length]).toEqual([1, 1]);
    signedIn("dispatcher");
    await readAlarms();
    expect([ringing.value.length, asked.length]).toEqual([0, 1]);
  });
});

it.each([
  [["admin"], true],
  [["dispatcher", "supervisor"], true],
  [["dispatcher"], false],
  [[], false],
])("due days are offered to be moved to %j: %s", (roles, may) => {
  signedIn(...roles);
  expect(mayMoveLimits()).toBe(may);
  me.signed = null;
  expect(mayMoveLimits()).toBe(false);
});

describe("a link for somebody without an account", () => {
  const say = (key: string): string => key;
  const ask = () => Promise.resolve({ url: "/confirm#t", until: "2026-12-01T01:05:00Z" });

  it("is shown whole and copied when the reader says so", async () => {
    const shown = vi.spyOn(ElMessageBox, "alert").mockResolvedValue("confirm" as never);
    const copied = vi.fn(() => Promise.resolve());
    vi.spyOn(ElMessage, "success").mockReturnValue({ close: () => undefined } as never);
    vi.stubGlobal("navigator", { clipboard: { writeText: copied } });
    await handOver("job.link", say, "zh", ask);
    expect(shown.mock.calls[0]![0]).toBe(`${location.origin}/confirm#t`);
    expect(copied).toHaveBeenCalledWith(`${location.origin}/confirm#t`);
    vi.unstubAllGlobals();
  });

  it("that is closed without copying is no fault; a refusal is said", async () => {
    const said = vi.spyOn(ElMessage, "error").mockReturnValue({ close: () => undefined } as never);
    // What the box gives when it is closed is no error.
    vi.spyOn(ElMessageBox, "alert").mockImplementation((() => ({
      then: (_: unknown, no: (why: string) => void) => no("cancel"),
    })) as never);
    await handOver("job.link", say, "zh", ask);
    expect(said).not.toHaveBeenCalled();
    await handOver("job.link", say, "zh", () => Promise.reject(new TypeError("no network")));
    expect(said).toHaveBeenCalledWith("服务器没有回答，请稍后再试");
  });
});
