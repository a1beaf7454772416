/** One job on the board: who could go, what may be done now and by whom, and what was said to whom. */
import { ElMessageBox } from "element-plus";
import { flushPromises } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";

import { me } from "../src/api.ts";
import { past } from "../src/assigning.ts";
import { type Crew, crews, type Job, jobs, matters } from "../src/live.ts";
import EmergencyDialog from "../src/parts/EmergencyDialog.vue";
import JobPanel from "../src/parts/JobPanel.vue";
import {
  type Asked,
  broken,
  held,
  house,
  overheard,
  type Page,
  press,
  refused,
  shown,
  signedIn,
  sure,
  whatOf,
  writes,
} from "./console_screen.ts";

const READ = "GET /api/v1/work-orders/j";
const RANKED = "GET /api/v1/dispatch/j/proposals";
const GIVE = "PUT /api/v1/dispatch/j/assignment";
const WITHDRAW = "DELETE /api/v1/dispatch/j/assignment";
const CREWS = [
  { id: "k1", name: "一班", phone: "555-1", has_account: true },
  { id: "k2", name: "二班", phone: null, has_account: false },
] as Crew[];
const job = (more = {}) =>
  ({
    id: "j",
    version: 4,
    number: "G-1",
    matter_id: "m",
    state: "received",
    crew_id: null,
    escalated_at: null,
    dispatched_at: null,
    opened_at: null,
    is_sent_at_once: false,
    address: "中山路 3 号",
    ...more,
  }) as Job;
const candidate = (crew: string, more = {}) => ({
  crew_id: crew,
  crew_name: crew === "k1" ? "一班" : "二班",
  distance_m: 1234,
  arrives_at: "2026-12-01T01:05:00Z",
  is_feasible: true,
  reasons: [{ code: "near", is_good: true, zh: "最近", en: "nearest" }],
  ...more,
});
const unfit = candidate("k2", {
  is_feasible: false,
  reasons: [
    { code: "near", is_good: true, zh: "最近", en: "nearest" },
    { code: "skill", is_good: false, zh: "不会修阀门", en: "cannot mend valves" },
    { code: "off", is_good: false, zh: "不在岗", en: "off work" },
  ],
});

beforeEach(() => {
  signedIn("dispatcher");
  crews.value = CREWS;
  matters.value = new Map([["m", { id: "m", name_zh: "漏水", name_en: "Leak" }]]);
});
afterEach(() => {
  me.signed = null;
  crews.value = [];
  jobs.value = [];
  matters.value = new Map();
  Object.assign(past, { steps: [], results: [] });
});

async function panel(
  more: object = {},
  answers: Parameters<typeof house>[0] = {},
  { language = "zh", isHurried = false }: { language?: "zh" | "en"; isHurried?: boolean } = {},
) {
  const said = overheard();
  const one = job(more);
  jobs.value = [one];
  const asked = house({
    [READ]: { id: "j", version: 4, state: one.state },
    [RANKED]: [candidate("k1"), unfit],
    "GET /api/v1/dispatch/j/same-trouble": [],
    "GET /api/v1/dispatch/board": { jobs: [one], crews: CREWS, cells: [], notices: [], extent: null },
    ...answers,
  });
  const props = { job: one, isHurried };
  const { page } = await shown(JobPanel, { props, language, without: ["ElSelect", "ElDatePicker"] });
  return { said, asked, page };
}
const lineOf = (one: Asked): string => `${one.method} ${one.path}`;
/** What was asked since something was sent. */
const afterWrites = (asked: Asked[]): string[] =>
  asked.slice(asked.findLastIndex((one) => one.method !== "GET") + 1).map(lineOf);
const has = (page: Page, name: string): boolean => page.find(`[data-test=${name}]`).exists();
const stepsOf = (page: Page): string[] =>
  page.findAll("[data-test^=step-]").map((one) => one.attributes("data-test")!.slice(5));
const give = async (page: Page, n: number): Promise<void> => {
  await page.findAll("[data-test=assign]")[n]!.trigger("click");
  await flushPromises();
};
function alerted(answer: "confirm" | "close" = "close") {
  const spy = vi
    .spyOn(ElMessageBox, "alert")
    .mockImplementation(() =>
      answer === "confirm"
        ? Promise.resolve("confirm" as never)
        : Promise.reject("close" as unknown as Error),
    );
  onTestFinished(() => spy.mockRestore());
  return spy;
}

describe("a job", () => {
  it.each([
    ["zh", "漏水", "已受理"],
    ["en", "Leak", "Received"],
  ] as const)("says in %s what it is about and how far it is", async (language, matter, state) => {
    const { page } = await panel({}, {}, { language });
    expect(page.get("h2").text()).toContain(matter);
    expect(page.get("h2").text()).toContain(state);
    expect(page.text()).toContain("G-1");
  });

  it.each([
    ["zh", {}, "没有班组在岗或值班可去，请电话联系班组"],
    [
      "en",
      { state: "dispatched", crew_id: "k1", dispatched_at: "2026-12-01T01:00:00Z" },
      "Nobody has opened it: call 一班 555-1",
    ],
  ] as const)("that waits too long says in %s whom to call", async (language, more, words) => {
    const { page } = await panel({ escalated_at: "2026-12-01T01:05:00Z", ...more }, {}, { language });
    expect(page.get("[data-test=must-call]").text()).toBe(words);
  });

  it("that was opened meanwhile asks nobody to call", async () => {
    const at = "2026-12-01T01:05:00Z";
    const { page } = await panel({ state: "dispatched", escalated_at: at, dispatched_at: at, opened_at: at });
    expect(has(page, "must-call")).toBe(false);
  });

  it("of a newer version is not overwritten by a late answer of the one before", async () => {
    const late = held({ id: "j", unsigned_reason: "旧的" });
    let reads = 0;
    const { page } = await panel(
      {},
      { [READ]: () => ((reads += 1) === 1 ? late.answer() : { id: "j", unsigned_reason: "新的" }) },
    );
    await page.setProps({ job: job({ version: 5 }) } as never);
    await flushPromises();
    await late.go();
    expect(page.text()).toContain("新的");
    expect(page.text()).not.toContain("旧的");
  });

  it("is read again with the board: who could go is another matter by then", async () => {
    let name = "一班";
    const ranked = () => [candidate("k1", { crew_name: name })];
    const { page } = await panel({}, { [RANKED]: ranked });
    name = "三班";
    await page.setProps({ job: job() } as never);
    await flushPromises();
    expect(page.get("[data-test=candidates]").text()).toContain("三班");
    expect(page.get("[data-test=candidates]").text()).not.toContain("一班");
  });

  it("still shows what it has where the rest cannot be read", async () => {
    const { page } = await panel({}, { [READ]: broken, [RANKED]: broken });
    expect(page.get("h2").text()).toContain("漏水");
    expect(page.findAll("[data-test=assign]")).toHaveLength(0);
    expect(has(page, "history")).toBe(true);
  });
});

describe("a crew", () => {
  it("is given the job as the board knows it, and the board is read again", async () => {
    const { said, asked, page } = await panel({}, { [GIVE]: {} });
    await give(page, 0);
    const [sent] = writes(asked);
    expect([lineOf(sent!), sent!.body]).toEqual([GIVE, { crew_id: "k1", is_pinned: false }]);
    expect(sent!.headers.get("If-Match")).toBe('"4"');
    expect(said.success).toEqual(["G-1 → 一班"]);
    expect(afterWrites(asked)).toContain("GET /api/v1/dispatch/board");
  });

  it("keeps the job where it is pinned to them", async () => {
    const { asked, page } = await panel({}, { [GIVE]: {} });
    await page.get("h3 input[type=checkbox]").setValue(true);
    await give(page, 0);
    expect(writes(asked)[0]!.body).toEqual({ crew_id: "k1", is_pinned: true });
  });

  it.each([
    ["zh", "不会修阀门；不在岗"],
    ["en", "cannot mend valves；off work"],
  ] as const)(
    "that does not fit is given it only by whoever has read in %s why not",
    async (language, why) => {
      const asks = sure(false);
      const { asked, page } = await panel({}, { [GIVE]: {} }, { language });
      await give(page, 1);
      expect(asks.mock.calls[0]![0]).toBe(why);
      expect(writes(asked)).toHaveLength(0);
      asks.mockResolvedValue("confirm" as never);
      await give(page, 1);
      expect(writes(asked)[0]!.body).toEqual({ crew_id: "k2", is_pinned: false });
    },
  );

  it("is given it once, however often that is pressed, by hand or by key", async () => {
    const late = held({});
    const { asked, page } = await panel({}, { [GIVE]: late.answer });
    await give(page, 0);
    await give(page, 0);
    (page.vm as unknown as { giveNth: (n: number) => void }).giveNth(1);
    await late.go();
    expect(writes(asked)).toHaveLength(1);
  });

  it("is chosen by its number on the keyboard; numbers of nobody or of its own do nothing", async () => {
    const has = { state: "dispatched", crew_id: "k1" };
    const { asked, page } = await panel(has, { [GIVE]: {}, [RANKED]: [candidate("k1"), candidate("k2")] });
    const key = async (n: number) => {
      (page.vm as unknown as { giveNth: (n: number) => void }).giveNth(n);
      await flushPromises();
    };
    for (const n of [1, 3, 9]) await key(n);
    expect(writes(asked)).toHaveLength(0);
    await key(2);
    expect(writes(asked).map((one) => one.body)).toEqual([{ crew_id: "k2", is_pinned: false }]);
  });

  it.each(["zh", "en"] as const)("is told in %s that the job changed meanwhile", async (language) => {
    const { said, page } = await panel({}, { [GIVE]: refused(412, "changed_meanwhile") }, { language });
    await give(page, 0);
    expect(said.error.join()).toContain(whatOf("changed_meanwhile", language));
    expect(said.success).toEqual([]);
  });

  it("is not looked for once the work has begun", async () => {
    const { asked, page } = await panel({ state: "in_progress", crew_id: "k1" });
    expect(asked.map(lineOf)).not.toContain(RANKED);
    for (const name of ["candidates", "emergency", "withdraw"]) expect(has(page, name)).toBe(false);
  });
});

describe("what was given", () => {
  const given = { state: "dispatched", crew_id: "k1" };

  it("is taken back once", async () => {
    const late = held({});
    const { asked, page } = await panel(given, { [WITHDRAW]: late.answer });
    await press(page, "[data-test=withdraw]");
    await press(page, "[data-test=withdraw]");
    await late.go();
    expect(writes(asked).map(lineOf)).toEqual([WITHDRAW]);
  });

  it.each([
    ["zh", refused(412, "changed_meanwhile"), "工单已被别人改动，已刷新，请再看一遍"],
    [
      "en",
      refused(412, "changed_meanwhile"),
      "Somebody else changed the job; it was read again: please look once more",
    ],
    ["en", refused(403, "not_allowed"), whatOf("not_allowed", "en")],
  ] as const)("and not taken back says why in %s and reads the board", async (language, answer, words) => {
    const { said, asked, page } = await panel(given, { [WITHDRAW]: answer }, { language });
    await press(page, "[data-test=withdraw]");
    expect(said.error.join()).toContain(words);
    expect(afterWrites(asked)).toContain("GET /api/v1/dispatch/board");
  });

  it("at once is taken back with all that it moved", async () => {
    const BACK = "DELETE /api/v1/dispatch/j/emergency";
    const answers = { [BACK]: { returned: ["j", "2"], changed: [] } };
    const { said, asked, page } = await panel({ ...given, is_sent_at_once: true }, answers, {
      language: "en",
    });
    expect(has(page, "withdraw")).toBe(false);
    await press(page, "[data-test=take-back]");
    expect(writes(asked).map(lineOf)).toEqual([BACK]);
    expect(said.success).toEqual(["Taken back; 2 jobs stand as before"]);
  });

  it("at once names what changed since, which nobody may miss", async () => {
    const alert = alerted("confirm");
    const changed = [
      { job_id: "2", number: "G-2", zh: "已开工", en: "has begun" },
      { job_id: "3", number: "G-3", zh: "已取消", en: "is cancelled" },
    ];
    const answers = { "DELETE /api/v1/dispatch/j/emergency": { returned: ["j"], changed } };
    const { said, page } = await panel({ ...given, is_sent_at_once: true }, answers);
    await press(page, "[data-test=take-back]");
    expect(alert.mock.calls[0]![0]).toBe("G-2：已开工；G-3：已取消");
    expect(said.success).toEqual([]);
  });

  it("to a contractor's crew is theirs by a link of three days", async () => {
    const alert = alerted();
    const answers = { "POST /api/v1/contractors/links": { url: "/c#t", until: "2026-12-04T04:00:00Z" } };
    const { said, asked, page } = await panel({ ...given, crew_id: "k2" }, answers);
    await press(page, "[data-test=contractor-link]");
    expect(writes(asked).map((one) => one.body)).toEqual([{ work_order_id: "j", hours: 72 }]);
    expect(alert.mock.calls[0]![0]).toBe(`${location.origin}/c#t`);
    // Shut without copying: nothing went wrong.
    expect([said.success, said.error]).toEqual([[], []]);
    expect(has((await panel(given)).page, "contractor-link")).toBe(false);
  });
});

describe("an emergency", () => {
  it("is looked at when it is pressed, not before", async () => {
    const { asked, page } = await panel();
    expect(asked.map(lineOf)).not.toContain("GET /api/v1/dispatch/j/emergency");
    await press(page, "[data-test=emergency]");
    expect(asked.map(lineOf)).toContain("GET /api/v1/dispatch/j/emergency");
    expect(writes(asked)).toHaveLength(0);
  });

  it("that was taken down as one is looked at once, until its dialog is shut", async () => {
    const { asked, page } = await panel({}, {}, { isHurried: true });
    expect(asked.map(lineOf)).toContain("GET /api/v1/dispatch/j/emergency");
    expect(page.emitted("hurried")).toBeUndefined();
    page.getComponent(EmergencyDialog).vm.$emit("update:modelValue", false);
    await flushPromises();
    expect(page.emitted("hurried")).toHaveLength(1);
  });
});

describe("the same trouble", () => {
  const near = [{ job_id: "i", number: "G-9", address: "中山路 5 号", distance_m: 40 }];
  const SAME = "GET /api/v1/dispatch/j/same-trouble";
  const JOIN = "PUT /api/v1/dispatch/j/duplicate";

  it("nearby is named, and the two are made one, once", async () => {
    const late = held({});
    const { asked, page } = await panel({}, { [SAME]: near, [JOIN]: late.answer });
    expect(page.text()).toContain("G-9 中山路 5 号 · 40 m");
    await press(page, "[data-test=join]");
    await press(page, "[data-test=join]");
    await late.go();
    expect(writes(asked).map((one) => [lineOf(one), one.body])).toEqual([[JOIN, { of_id: "i" }]]);
  });
});

describe("a step", () => {
  const CLOSE = "POST /api/v1/work-orders/j/actions/close";

  it.each([
    ["dispatcher", "received", ["wait_for_papers", "refuse", "cancel"]],
    ["dispatcher", "done", ["close", "reopen"]],
    ["representative", "done", ["close"]],
    ["representative", "received", []],
    ["dispatcher", "cancelled", []],
  ])("is offered to whoever may take it: %s, %s", async (role, state, offered) => {
    signedIn(role);
    expect(stepsOf((await panel({ state })).page)).toEqual(offered);
  });

  it("that confirms somebody's own work is not theirs, and they are told whose", async () => {
    const { page } = await panel(
      { state: "done" },
      { [READ]: { id: "j", done_by_id: "me" } },
      { language: "en" },
    );
    expect(stepsOf(page)).toEqual(["reopen"]);
    expect(page.get("[data-test=another]").text()).toContain("Whoever did the work does not close it");
  });

  it.each([
    [true, " 很好 ", { is_satisfied: true, opinion: " 很好 ", method: "phone" }],
    [false, "", { is_satisfied: false, opinion: null, method: "phone" }],
  ])("that asks the customer says whether they are content: %s", async (isSatisfied, words, told) => {
    const { asked, page } = await panel({ state: "done" }, { [CLOSE]: {} });
    await press(page, "[data-test=step-close]");
    await page.get("[name=return_visit]").setValue(words);
    await page.get("[data-test=is-satisfied] input").setValue(isSatisfied);
    await press(page, "[data-test=do-step]");
    expect(writes(asked).map((one) => [lineOf(one), one.body])).toEqual([[CLOSE, { return_visit: told }]]);
    expect(afterWrites(asked)).toContain("GET /api/v1/dispatch/board");
  });

  it("that is refused keeps what was written, says why, and may be taken again", async () => {
    const REFUSE = "POST /api/v1/work-orders/j/actions/refuse";
    const { said, asked, page } = await panel({}, { [REFUSE]: refused(422, "not_allowed") });
    await press(page, "[data-test=step-refuse]");
    expect(has(page, "is-satisfied")).toBe(false);
    await page.get("[name=refuse_reason]").setValue("不归我们管");
    await page.get("[name=responsible_party]").setValue("物业");
    await press(page, "[data-test=do-step]");
    expect(said.error.join()).toContain(whatOf("not_allowed", "zh"));
    expect((page.get("[name=refuse_reason]").element as HTMLTextAreaElement).value).toBe("不归我们管");
    await press(page, "[data-test=do-step]");
    expect(writes(asked).map((one) => [lineOf(one), one.body])).toEqual(
      Array(2).fill([REFUSE, { refuse_reason: "不归我们管", responsible_party: "物业" }]),
    );
  });

  it("pressed twice is taken once", async () => {
    const late = held({});
    const { asked, page } = await panel({ state: "done" }, { [CLOSE]: late.answer });
    await press(page, "[data-test=step-close]");
    await press(page, "[data-test=do-step]");
    await press(page, "[data-test=do-step]");
    await late.go();
    expect(writes(asked)).toHaveLength(1);
  });
});
