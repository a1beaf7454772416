/** An emergency: whom it delays before it is sent, exactly what was shown is sent, and the way back. */
import { flushPromises } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { me } from "../src/api.ts";
import { type Crew, crews, type Job, jobs } from "../src/live.ts";
import EmergencyDialog from "../src/parts/EmergencyDialog.vue";
import {
  type Asked,
  broken,
  choose,
  held,
  house,
  overheard,
  type Page,
  press,
  refused,
  shown,
  signedIn,
  whatOf,
  writes,
} from "./console_screen.ts";

const PATH = "/api/v1/dispatch/j/emergency";
const [LOOK, SEND, BACK] = [`GET ${PATH}`, `POST ${PATH}`, `DELETE ${PATH}`];
const BOARD = {
  jobs: [],
  crews: [
    { id: "k1", name: "一班" },
    { id: "k2", name: "二班" },
  ],
  cells: [],
  notices: [],
  extent: null,
};
const preview = (more = {}) => ({
  crew_id: "k1",
  crew_name: "一班",
  arrives_at: "2026-12-01T01:05:00Z",
  is_on_call: false,
  against: [],
  delayed: [],
  moved: [],
  left_over: [],
  seen: "seen-1",
  ...more,
});
const isOf = (crew: string) => (asked: Asked) => asked.path.endsWith(`crew_id=${crew}`);

beforeEach(() => {
  signedIn("dispatcher");
  crews.value = BOARD.crews as Crew[];
});
afterEach(() => {
  me.signed = null;
  crews.value = [];
  jobs.value = [];
});

async function dialog(answers: Parameters<typeof house>[0] = {}, language: "zh" | "en" = "zh") {
  const said = overheard();
  const asked = house({ [LOOK]: preview(), "GET /api/v1/dispatch/board": BOARD, ...answers });
  const props = { job: { id: "j", number: "G-1" } as Job, modelValue: true };
  const { page } = await shown(EmergencyDialog, { props, language, without: ["ElSelect"] });
  return { said, asked, page };
}
const other = (page: Page, crew: string) => choose(page, "改派给", crew);
const send = (page: Page) => press(page, "[data-test=urgent-send]");
const texts = (page: Page, name: string): string[] =>
  page.findAll(`[data-test=urgent-${name}]`).map((one) => one.text().replace(/\s+/g, " "));
const arrival = (page: Page): string => page.get("[data-test=urgent-arrival]").text();
const isOpen = (page: Page): unknown => page.emitted("update:modelValue")?.at(-1)?.[0] ?? true;

describe("before it is sent", () => {
  it("is looked at for the best crew, and nothing is sent", async () => {
    const { asked, page } = await dialog();
    expect(asked.map((one) => `${one.method} ${one.path}`)).toEqual([LOOK]);
    expect(asked[0]!.headers.get("Authorization")).toBe("Bearer a");
    expect(page.text()).toContain("G-1");
    expect(arrival(page)).toContain("一班 预计 09:05 到场");
    expect(arrival(page)).not.toContain("值班");
  });

  it.each([
    ["zh", "不影响别的工单"],
    ["en", "No other job is touched"],
  ] as const)("says in %s that nobody else is touched", async (language, words) => {
    const { page } = await dialog({}, language);
    expect(page.get(".good").text()).toBe(words);
    expect(page.findAll("section")).toHaveLength(0);
  });

  it.each([
    ["zh", "G-2 晚 40 分钟，改到 10:30", "G-3 一班 → 二班，11:00", "没有人会修"],
    ["en", "G-2 40 min later, now 10:30", "G-3 一班 → 二班, 11:00", "nobody can"],
  ] as const)("names in %s whom it delays, moves and leaves over", async (language, late, moved, why) => {
    const { page } = await dialog(
      {
        [LOOK]: preview({
          delayed: [{ job_id: "2", number: "G-2", minutes: 40, planned_at: "2026-12-01T02:30:00Z" }],
          moved: [
            {
              job_id: "3",
              number: "G-3",
              from_crew_name: "一班",
              to_crew_name: "二班",
              planned_at: "2026-12-01T03:00:00Z",
            },
          ],
          left_over: [{ job_id: "4", number: "G-4", zh: "没有人会修", en: "nobody can" }],
        }),
      },
      language,
    );
    expect(texts(page, "delayed")).toEqual([late]);
    expect(texts(page, "moved")).toEqual([moved]);
    expect(texts(page, "left")).toEqual([`G-4 ${why}`]);
    expect(page.find(".good").exists()).toBe(false);
  });

  it("says that the crew is on call, and what speaks against it", async () => {
    const against = [{ zh: "超过班次 30 分钟", en: "30 min past the shift" }];
    const { page } = await dialog({ [LOOK]: preview({ is_on_call: true, against }) }, "en");
    expect(arrival(page)).toContain("on call");
    expect(page.get(".el-alert--warning").text()).toBe("30 min past the shift");
  });

  it.each([
    ["zh", refused(409, "not_allowed"), whatOf("not_allowed", "zh")],
    ["en", refused(404, "not_found"), whatOf("not_found", "en")],
    ["zh", broken, "服务器没有回答，请稍后再试"],
  ] as const)(
    "that cannot be looked at says why in %s and cannot be sent",
    async (language, answer, words) => {
      const { asked, page } = await dialog({ [LOOK]: answer }, language);
      expect(page.get("[data-test=urgent-wrong]").text()).toContain(words);
      await send(page);
      expect(writes(asked)).toHaveLength(0);
    },
  );

  it("is not looked at while the dialog is shut, and anew each time that it opens", async () => {
    const { asked, page } = await dialog();
    await other(page, "k2");
    await page.setProps({ modelValue: false } as never);
    await flushPromises();
    expect(asked).toHaveLength(2);
    await page.setProps({ modelValue: true } as never);
    await flushPromises();
    expect(asked.map((one) => one.path)).toEqual([PATH, `${PATH}?crew_id=k2`, PATH]);
  });
});

describe("another crew", () => {
  it("is looked at before it is sent, and cannot be sent meanwhile", async () => {
    const late = held(preview({ crew_id: "k2", crew_name: "二班" }));
    const { asked, page } = await dialog({
      [LOOK]: (one: Asked) => (isOf("k2")(one) ? late.answer() : preview()),
    });
    await other(page, "k2");
    expect(page.find("[data-test=urgent-arrival]").exists()).toBe(false);
    await send(page);
    expect(writes(asked)).toHaveLength(0);
    await late.go();
    expect(arrival(page)).toContain("二班");
  });

  it("chosen later stays, whatever is answered of the one before", async () => {
    const late = held(preview({ crew_name: "一班" }));
    const { page } = await dialog({
      [LOOK]: (one: Asked) => (isOf("k2")(one) ? preview({ crew_name: "二班" }) : late.answer()),
    });
    await other(page, "k2");
    await late.go();
    expect(arrival(page)).toContain("二班");
  });

  it("stays without a fault where the one before is refused late", async () => {
    const late = held(refused(409, "not_allowed"));
    const { page } = await dialog({
      [LOOK]: (one: Asked) => (isOf("k2")(one) ? preview({ crew_name: "二班" }) : late.answer()),
    });
    await other(page, "k2");
    await late.go();
    expect(page.find("[data-test=urgent-wrong]").exists()).toBe(false);
    expect(arrival(page)).toContain("二班");
  });

  it("of another job is not what was asked of the first", async () => {
    const late = held(preview({ crew_name: "一班" }));
    const { page } = await dialog({
      [LOOK]: late.answer,
      "GET /api/v1/dispatch/i/emergency": preview({ crew_name: "二班" }),
    });
    await page.setProps({ modelValue: false } as never);
    await page.setProps({ modelValue: true, job: { id: "i", number: "G-9" } } as never);
    await flushPromises();
    await late.go();
    expect(arrival(page)).toContain("二班");
  });
});

describe("when it is sent", () => {
  it("goes as it was shown, to the best crew, and the board is read again", async () => {
    const { asked, page } = await dialog({ [SEND]: preview({ seen: "seen-2" }) });
    await send(page);
    expect(writes(asked).map((one) => [one.method, one.path, one.body])).toEqual([
      ["POST", PATH, { crew_id: null, seen: "seen-1" }],
    ]);
    expect(asked.some((one) => one.path === "/api/v1/dispatch/board")).toBe(true);
    expect(arrival(page)).toContain("已派出");
    expect(page.find("[data-test=urgent-send]").exists()).toBe(false);
    expect(page.find("[data-test=urgent-crew]").exists()).toBe(false);
  });

  it("goes to the crew that was chosen, with what was shown of that one", async () => {
    const { asked, page } = await dialog({
      [LOOK]: (one: Asked) => preview({ seen: isOf("k2")(one) ? "of-k2" : "of-best" }),
      [SEND]: preview(),
    });
    await other(page, "k2");
    await send(page);
    expect(writes(asked)[0]!.body).toEqual({ crew_id: "k2", seen: "of-k2" });
  });

  it("goes once, however often it is pressed", async () => {
    const late = held(preview());
    const { asked, page } = await dialog({ [SEND]: late.answer });
    await send(page);
    await send(page);
    await late.go();
    expect(writes(asked)).toHaveLength(1);
  });

  it.each([
    ["zh", "情况有变，已重新计算，请再看一遍"],
    ["en", "Things have changed: worked out anew, please look again"],
  ] as const)("is shown anew where things changed meanwhile, said in %s", async (language, words) => {
    let seen = 0;
    const { asked, page } = await dialog(
      {
        [LOOK]: () => preview({ seen: `seen-${(seen += 1)}` }),
        [SEND]: (one: Asked) =>
          (one.body as { seen: string }).seen === "seen-2" ? preview() : refused(409, "jobs_changed"),
      },
      language,
    );
    await send(page);
    expect(page.get("[data-test=urgent-wrong]").text()).toBe(words);
    expect(page.find("[data-test=urgent-back]").exists()).toBe(false);
    await send(page);
    expect(writes(asked).map((one) => one.body)).toEqual([
      { crew_id: null, seen: "seen-1" },
      { crew_id: null, seen: "seen-2" },
    ]);
    expect(page.find("[data-test=urgent-wrong]").exists()).toBe(false);
    expect(page.find("[data-test=urgent-back]").exists()).toBe(true);
  });

  it.each(["zh", "en"] as const)("and refused says why in %s, and may be tried again", async (language) => {
    const { asked, page } = await dialog({ [SEND]: refused(403, "not_allowed") }, language);
    await send(page);
    expect(page.get("[data-test=urgent-wrong]").text()).toContain(whatOf("not_allowed", language));
    expect(arrival(page)).toContain("一班");
    await send(page);
    expect(writes(asked)).toHaveLength(2);
  });

  it("is not overwritten by another crew looked at while it was on its way", async () => {
    const [sent, looked] = [held(preview()), held(preview({ crew_name: "二班" }))];
    const { page } = await dialog({
      [LOOK]: (one: Asked) => (isOf("k2")(one) ? looked.answer() : preview()),
      [SEND]: sent.answer,
    });
    await send(page);
    await other(page, "k2");
    await sent.go();
    await looked.go();
    expect(arrival(page)).toContain("一班");
    expect(page.get("[data-test=urgent-close]").text()).toBe("确定");
  });
});

describe("the way back", () => {
  const sent = async (back: unknown, language: "zh" | "en" = "zh") => {
    const found = await dialog({ [SEND]: preview(), [BACK]: back }, language);
    await send(found.page);
    await press(found.page, "[data-test=urgent-back]");
    return found;
  };

  it.each([
    ["zh", "已撤回，3 张工单恢复原样"],
    ["en", "Taken back; 3 jobs stand as before"],
  ] as const)("takes all of it back, says so in %s, and shuts the dialog", async (language, words) => {
    const { said, asked, page } = await sent({ returned: ["j", "2", "3"], changed: [] }, language);
    expect(writes(asked).map((one) => `${one.method} ${one.path}`)).toEqual([SEND, BACK]);
    expect(said.success).toEqual([words]);
    expect(isOpen(page)).toBe(false);
  });

  it("names what has changed since and stays as it is, until that is read", async () => {
    const changed = [{ job_id: "2", number: "G-2", zh: "已开工", en: "has begun" }];
    const { page } = await sent({ returned: ["j"], changed }, "zh");
    expect(texts(page, "changed")).toEqual(["G-2：已开工"]);
    expect(isOpen(page)).toBe(true);
    expect(page.find("[data-test=urgent-send]").exists()).toBe(false);
    await press(page, "[data-test=urgent-close]");
    expect(isOpen(page)).toBe(false);
  });

  it("that is refused says why, and what was sent stands", async () => {
    const { said, page } = await sent(refused(409, "not_allowed"), "en");
    expect(page.get("[data-test=urgent-wrong]").text()).toContain(whatOf("not_allowed", "en"));
    expect(arrival(page)).toContain("Sent");
    expect([said.success.length, isOpen(page)]).toEqual([0, true]);
  });
});
