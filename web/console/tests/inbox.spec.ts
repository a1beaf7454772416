/** What waits for a person: parked work, disputes, what is held, and what was given up. */
import { ElMessageBox } from "element-plus";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { me } from "../src/api.ts";
import { deadFacts } from "../src/facts.ts";
import Inbox from "../src/views/Inbox.vue";
import {
  broken,
  held,
  house,
  overheard,
  press,
  put,
  refused,
  shown,
  signedIn,
  whatOf,
  writes,
} from "./console_screen.ts";

const parked = (id: string, more = {}) => ({
  group_id: id,
  mutations: [
    {
      id: `m${id}`,
      kind: "work_order",
      record_id: "j",
      code: "not_allowed",
      author_name: "李雷",
      received_at: "2026-12-01T01:05:00Z",
      decision: null,
      corrected: {},
      content: { op: "change", was: { result: "没修" }, now: { result: "修好了", crew_id: "k1" } },
      verbatim: '{"result":"修好了"}',
      ...more,
    },
  ],
});
const head = (result: string) => ({
  values: { result },
  action: null,
  author_name: "王芳",
  at: "2026-12-01T01:05:00Z",
  device: null,
});
const question = {
  id: "j",
  kind: "work_order",
  field: "result",
  opened_at: "2026-12-01T01:05:00Z",
  heads: [head("甲"), head("乙")],
};
const fact = (id: number) => ({
  id,
  fact: "notices.wanted",
  error: null,
  attempts: 9,
  record_id: "j",
  record_kind: "work_order",
  record_name: `W-${id}`,
  announced_at: "2026-12-01T01:05:00Z",
});

beforeEach(() => signedIn("dispatcher"));
afterEach(() => {
  me.signed = null;
  deadFacts.value = [];
  vi.restoreAllMocks();
});

async function inbox(answers: Parameters<typeof house>[0] = {}, language: "zh" | "en" = "zh", at = "/inbox") {
  const said = overheard();
  const asked = house({
    "GET /api/v1/inbox/parked": [],
    "GET /api/v1/inbox/questions": [],
    "GET /api/v1/inbox/held": [],
    "GET /api/v1/inbox/facts": [],
    ...answers,
  });
  const { page } = await shown(Inbox, { language, at });
  return { said, asked, page };
}

describe("the inbox", () => {
  it("says on every tab that nothing is to be decided", async () => {
    const { page } = await inbox({}, "en");
    expect(page.text().match(/Nothing to decide/g)).toHaveLength(3);
    expect(page.text()).toContain("Nothing was given up");
  });

  it("counts what waits, hundreds too", async () => {
    const many = Array.from({ length: 120 }, (_, n) => parked(String(n)));
    const { page } = await inbox({ "GET /api/v1/inbox/parked": many });
    expect(page.findAll("[data-test=parked]")).toHaveLength(120);
    expect(page.findAll("[role=tab]")[0]!.text()).toBe("待人工决定 120");
  });

  it.each([
    ["zh", refused(403, "not_allowed"), whatOf("not_allowed", "zh")],
    ["en", broken, "The server does not answer; try again"],
  ] as const)("that cannot be read says why in %s", async (language, answer, words) => {
    const { said } = await inbox({ "GET /api/v1/inbox/parked": answer }, language);
    expect(said.error.join()).toContain(words);
  });

  it("hides what was given up from whoever may not try it again", async () => {
    signedIn("auditor");
    const { asked, page } = await inbox();
    expect(page.findAll("[role=tab]")).toHaveLength(3);
    expect(asked.some((one) => one.path.endsWith("/facts"))).toBe(false);
  });

  it("says of what is held what it waits for, and until when", async () => {
    const one = {
      id: "h",
      kind: "visit",
      author_name: "李雷",
      waits_kind: "customer",
      deadline: "2026-12-01T01:05:00Z",
    };
    const { page } = await inbox({ "GET /api/v1/inbox/held": [one] }, "en");
    expect(page.text()).toContain("李雷");
    expect(page.text()).toContain("to a person at 01/12, 09:05");
  });
});

describe("parked work", () => {
  const waiting = { "GET /api/v1/inbox/parked": [parked("g")] };
  const DECIDE = "POST /api/v1/inbox/parked/g/decision";

  it("says whose it is, why it is parked, and what would become what, without ids", async () => {
    const { page } = await inbox(waiting);
    const card = page.get("[data-test=parked]");
    expect(card.text()).toContain("李雷");
    expect(card.get(".bad").text()).toBe(whatOf("not_allowed", "zh"));
    expect(card.get("s").text()).toBe("没修");
    expect(card.text()).toContain("修好了");
    expect(card.text()).not.toContain("k1");
    expect(card.get("pre").text()).toBe('{"result":"修好了"}');
  });

  it.each(["apply", "discard"])("is decided (%s) with the reason that was given", async (decision) => {
    const { asked, said, page } = await inbox({ ...waiting, [DECIDE]: {} });
    await page.get("[name=reason]").setValue(" 已核实 ");
    await press(page, `[data-test=${decision}]`);
    expect(writes(asked).map((one) => one.body)).toEqual([{ decision, reason: "已核实" }]);
    expect(said.success).toEqual(["已完成"]);
    expect(asked.filter((one) => one.path === "/api/v1/inbox/parked")).toHaveLength(2);
  });

  it.each(["", "   "])("is not decided with %j for a reason", async (reason) => {
    const { asked, said, page } = await inbox({ ...waiting, [DECIDE]: {} });
    await page.get("[name=reason]").setValue(reason);
    await press(page, "[data-test=apply]");
    expect(writes(asked)).toHaveLength(0);
    expect(said.warning).toEqual(["理由"]);
  });

  it("is decided once, however often one presses meanwhile", async () => {
    const late = held({});
    const { asked, page } = await inbox({ ...waiting, [DECIDE]: late.answer });
    await page.get("[name=reason]").setValue("已核实");
    await press(page, "[data-test=apply]");
    await press(page, "[data-test=discard]");
    await late.go();
    expect(writes(asked).map((one) => one.body)).toEqual([{ decision: "apply", reason: "已核实" }]);
  });

  it("whose decision is refused keeps the reason, and says why", async () => {
    const { said, page } = await inbox({ ...waiting, [DECIDE]: refused(409, "changed_meanwhile") }, "en");
    await page.get("[name=reason]").setValue("checked");
    await press(page, "[data-test=apply]");
    expect(said.error.join()).toContain(whatOf("changed_meanwhile", "en"));
    expect((page.get("[name=reason]").element as HTMLInputElement).value).toBe("checked");
  });
});

describe("a dispute", () => {
  const open = { "GET /api/v1/inbox/questions": [question] };
  const ANSWER = "POST /api/v1/inbox/questions/work_order/j/result/answer";

  it("shows what stands first and what else was said", async () => {
    const { page } = await inbox(open, "en");
    const heads = page.findAll("[data-test=question] .head");
    expect(heads.map((one) => one.text().includes("stands now"))).toEqual([true, false]);
    expect(heads[1]!.text()).toContain("乙");
  });

  it("is settled by the value that is chosen", async () => {
    const { asked, page } = await inbox({ ...open, [ANSWER]: {} });
    await page.findAll("[data-test=choose]")[1]!.trigger("click");
    await vi.waitFor(() => expect(writes(asked)).toHaveLength(1), 10_000);
    expect(writes(asked)[0]!.body).toEqual({ values: { result: "乙" } });
  });

  it("that cannot be settled says why, and is read again", async () => {
    const alert = vi.spyOn(ElMessageBox, "alert").mockRejectedValue("close");
    const { asked, page } = await inbox({ ...open, [ANSWER]: refused(409, "changed_meanwhile") });
    await press(page, "[data-test=choose]");
    expect(String(alert.mock.calls[0]![0])).toContain(whatOf("changed_meanwhile", "zh"));
    expect(asked.filter((one) => one.path === "/api/v1/inbox/questions")).toHaveLength(2);
  });
});

describe("what was given up", () => {
  const at = "/inbox?tab=facts";

  it("says what did not happen, how often it was tried, and who should look", async () => {
    const { page } = await inbox({ "GET /api/v1/inbox/facts": [fact(1)] }, "en", at);
    const text = page.get("[data-test=fact]").text();
    for (const words of ["W-1", "The message was not sent", "Tried 9 times.", "The program failed"])
      expect(text).toContain(words);
    expect(page.find("[data-test=retry-all]").exists()).toBe(false);
  });

  it("is tried again one by one, or all", async () => {
    const answers = {
      "GET /api/v1/inbox/facts": [fact(1), fact(2)],
      "POST /api/v1/inbox/facts/1/retry": {},
      "POST /api/v1/inbox/facts/2/retry": {},
    };
    const { asked, page } = await inbox(answers, "zh", at);
    await press(page, "[data-test=retry]");
    expect(writes(asked).map((one) => one.path)).toEqual(["/api/v1/inbox/facts/1/retry"]);
    await press(page, "[data-test=retry-all]");
    expect(writes(asked)).toHaveLength(3);
  });

  it("that cannot be tried says why", async () => {
    const { said, page } = await inbox({ "GET /api/v1/inbox/facts": [fact(1)] }, "zh", at);
    await press(page, "[data-test=retry]");
    expect(said.error.join()).toContain(whatOf("not_found", "zh"));
  });
});

describe("a file that a phone gave away", () => {
  const FILES = "POST /api/v1/inbox/files";
  const file = (text: string): File => new File([text], "work.json");

  it("is taken in, and says how much of it waits", async () => {
    const { asked, said, page } = await inbox({ [FILES]: { mutations: 7, parked: 2, photos: 3 } }, "en");
    await put(page.get("[data-test=import-file]"), file('{"items":[1]}'));
    await vi.waitFor(() => expect(said.success).toEqual(["7 pieces of work, 2 to decide, 3 photos"]), 10_000);
    expect(writes(asked)[0]!.body).toEqual({ items: [1] });
  });

  it.each([
    ["zh", "这不是手机导出的文件"],
    ["en", "This is not a file that a phone exported"],
  ] as const)("that is none is not sent, which is said in %s", async (language, words) => {
    const { asked, said, page } = await inbox({}, language);
    await put(page.get("[data-test=import-file]"), file("not json"));
    await vi.waitFor(() => expect(said.error).toEqual([words]), 10_000);
    expect(writes(asked)).toHaveLength(0);
  });
});
