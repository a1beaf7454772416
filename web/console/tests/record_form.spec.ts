/** A record made or changed by the office: what is sent, where a fault stands, and nothing typed is lost. */
import { flushPromises } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Values } from "@wangge/shared/sync/canonical.ts";
import { fieldWord, kindWord } from "@wangge/shared/vocabulary/words.ts";

import { me } from "../src/api.ts";
import RecordForm from "../src/parts/RecordForm.vue";
import type { EditableKind } from "../src/record_fields.ts";
import {
  broken,
  choose,
  held,
  house,
  type Page,
  press,
  refused,
  selectOf,
  shown,
  signedIn,
  whatOf,
  writes,
} from "./console_screen.ts";

const MAKE = "POST /api/v1/crews";
const CHANGE = "PATCH /api/v1/crews/k";
const crew = {
  id: "k",
  kind: "crew",
  version: 7,
  unit_id: "u9",
  name: "一班",
  leader_id: "s1",
  member_ids: ["s1"],
  skills: ["valve"],
  shift_start: "08:00",
  shift_end: "17:00",
  is_active: true,
  phone: "555-1",
  vehicle: null,
  most_jobs: null,
};
const question = (name: string, more = {}) => ({
  name,
  type: "text",
  label_zh: `问${name}`,
  label_en: `ask ${name}`,
  required: false,
  ...more,
});
const form = {
  id: "f",
  version: 2,
  unit_id: "u9",
  code: "survey",
  edition: 3,
  is_active: true,
  title_zh: "走访",
  title_en: "Visit",
  rows: [question("q1"), question("q2")],
};
const staff = [
  { id: "s1", name: "王芳", is_active: true },
  { id: "s2", name: "走了", is_active: false },
];
const fault = (field: string, more = {}) => ({ field, zh: "不对", en: "is wrong", ...more });
const invalid = (...faults: object[]) => refused(422, "invalid", { faults });

beforeEach(() => signedIn("admin"));
afterEach(() => (me.signed = null));

async function opened(
  kind: EditableKind,
  record: object | null,
  answers: Parameters<typeof house>[0] = {},
  language: "zh" | "en" = "zh",
) {
  const asked = house(answers);
  const props = { kind: null, record: null, staff, forms: [], crews: [crew] };
  const without = ["ElSelect", "ElDatePicker"];
  const { page } = await shown(RecordForm, { props, language, without });
  await turn(page, kind, record);
  return { asked, page };
}
async function turn(page: Page, kind: EditableKind | null, record: object | null): Promise<void> {
  await page.setProps({ kind, record } as never);
  await flushPromises();
}
/** The library shows a fault a tenth of a second later, which nobody waits for here. */
async function save(page: Page): Promise<void> {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    await press(page, "[data-test=form-save]");
    vi.advanceTimersByTime(200);
    await flushPromises();
  } finally {
    vi.useRealTimers();
  }
}
const type = (page: Page, name: string, text: string) => page.get(`input[name=${name}]`).setValue(text);
const typed = (page: Page, name: string): string =>
  (page.get(`input[name=${name}]`).element as HTMLInputElement).value;
const problem = (page: Page): string => {
  const found = page.find("[data-test=form-problem]");
  return found.exists() ? found.text() : "";
};
const faultAt = (page: Page, field: string): string => {
  const found = page.find(`[data-test=field-${field}] .el-form-item__error`);
  return found.exists() ? found.text() : "";
};

describe("a form", () => {
  it.each([
    ["zh", null, "新建"],
    ["zh", crew, "修改"],
    ["en", crew, "Change"],
  ] as const)("says in %s what it does to what", async (language, record, doing) => {
    const { page } = await opened("crew", record, {}, language);
    expect(page.get(".el-dialog__title").text()).toBe(`${doing} · ${kindWord("crew", language)}`);
    const label = page.get("[data-test=field-name] .el-form-item__label").text();
    expect(label).toBe(fieldWord("crew", "name", language));
  });

  it("offers as people those who are still there, besides the codes in words", async () => {
    const { page } = await opened("crew", crew);
    const choices = (name: string) => {
      const slots = selectOf(page, fieldWord("crew", name, "zh")).vm.$slots as {
        default?: () => { children: unknown }[];
      };
      return slots.default!().flatMap((one) => one.children as { props: { label: string } }[]);
    };
    expect(choices("leader_id").map((one) => one.props.label)).toEqual(["王芳"]);
    expect(choices("skills").map((one) => one.props.label)).toContain("阀门");
  });

  it("begins anew each time, without what was typed and left", async () => {
    const { asked, page } = await opened("crew", crew);
    await type(page, "name", "别的");
    await turn(page, null, crew);
    await turn(page, "crew", crew);
    expect(typed(page, "name")).toBe("一班");
    expect(crew.name).toBe("一班");
    expect(asked).toHaveLength(0);
  });
});

describe("a new record", () => {
  it("goes to its kind's address, of one's own unit, as whoever is signed in", async () => {
    const { asked, page } = await opened("crew", null, { [MAKE]: { id: "k" } });
    await type(page, "name", "二班");
    await type(page, "shift_start", "08:00");
    await type(page, "shift_end", "17:00");
    await choose(page, fieldWord("crew", "leader_id", "zh"), "s1");
    await save(page);
    const [sent] = writes(asked);
    expect([sent!.method, sent!.path]).toEqual(["POST", "/api/v1/crews"]);
    expect(sent!.body).toEqual({
      unit_id: "u",
      name: "二班",
      shift_start: "08:00",
      shift_end: "17:00",
      leader_id: "s1",
      member_ids: [],
      skills: [],
      is_active: true,
    });
    expect(sent!.headers.get("Authorization")).toBe("Bearer a");
    expect(sent!.headers.get("If-Match")).toBeNull();
    expect([page.emitted("saved")?.length, page.emitted("close")?.length]).toEqual([1, 1]);
  });

  it("is made once, however often that is pressed", async () => {
    const late = held({ id: "k" });
    const { asked, page } = await opened("crew", null, { [MAKE]: late.answer });
    await save(page);
    await save(page);
    await late.go();
    expect(writes(asked)).toHaveLength(1);
  });
});

describe("a change", () => {
  it("is only what was changed, of the version that was seen", async () => {
    const { asked, page } = await opened("crew", crew, { [CHANGE]: {} });
    await type(page, "name", "一班东");
    await type(page, "phone", "");
    await save(page);
    expect(writes(asked).map((one) => [one.method, one.path, one.body])).toEqual([
      ["PATCH", "/api/v1/crews/k", { name: "一班东", phone: null }],
    ]);
    expect(asked[0]!.headers.get("If-Match")).toBe('"7"');
  });

  it("goes to an address that is not the kind's name", async () => {
    const { asked, page } = await opened("on_call", { id: "d", version: 1, clock_from: "18:00" });
    await type(page, "clock_from", "19:00");
    await save(page);
    expect([asked[0]!.path, asked[0]!.body]).toEqual(["/api/v1/on-call/d", { clock_from: "19:00" }]);
  });

  it.each(["zh", "en"] as const)(
    "of what somebody else changed meanwhile is told in %s",
    async (language) => {
      const answers = { [CHANGE]: refused(412, "changed_meanwhile") };
      const { page } = await opened("crew", crew, answers, language);
      await type(page, "name", "一班东");
      await save(page);
      expect(problem(page)).toContain(whatOf("changed_meanwhile", language));
      expect(typed(page, "name")).toBe("一班东");
      expect([page.emitted("saved"), page.emitted("close")]).toEqual([undefined, undefined]);
    },
  );

  it.each([
    ["a line that breaks", broken],
    ["an answer nobody can read", new Response("<html>", { status: 502 })],
  ])("keeps what was typed after %s, and goes when it is sent again", async (_, answer) => {
    let isBroken = true;
    const { asked, page } = await opened(
      "crew",
      crew,
      { [CHANGE]: () => (isBroken ? (typeof answer === "function" ? answer() : answer) : {}) },
      "en",
    );
    await type(page, "name", "东");
    await save(page);
    expect(problem(page)).toBe("The server does not answer; try again");
    isBroken = false;
    await save(page);
    expect(writes(asked).map((one) => one.body)).toEqual([{ name: "东" }, { name: "东" }]);
    expect(page.emitted("close")).toHaveLength(1);
  });
});

describe("a fault", () => {
  it.each([
    ["zh", "不对 (8 点)"],
    ["en", "is wrong (8 点)"],
  ] as const)("stands in %s at the field it concerns, and at no other", async (language, words) => {
    const answer = invalid(fault("shift_start", { about: "8 点" }));
    const { page } = await opened("crew", crew, { [CHANGE]: answer }, language);
    await type(page, "shift_start", "8 点");
    await save(page);
    expect(faultAt(page, "shift_start")).toBe(words);
    expect([faultAt(page, "name"), faultAt(page, "shift_end")]).toEqual(["", ""]);
    expect(problem(page)).toContain(whatOf("invalid", language));
    expect(typed(page, "shift_start")).toBe("8 点");
  });

  it("of several at one field tells all of them", async () => {
    const answer = invalid(fault("name"), fault("name", { zh: "太长" }));
    const { page } = await opened("crew", crew, { [CHANGE]: answer });
    await save(page);
    expect(faultAt(page, "name")).toBe("不对；太长");
  });

  it("is gone once the record is sent anew", async () => {
    let answer: unknown = invalid(fault("name"));
    const late = held({});
    const { page } = await opened("crew", crew, { [CHANGE]: () => answer });
    await save(page);
    expect(faultAt(page, "name")).toBe("不对");
    answer = late.answer();
    await save(page);
    expect([problem(page), faultAt(page, "name")]).toEqual(["", ""]);
    await late.go();
  });

  it.each([
    ["by its place", "rows.1.label_zh"],
    ["by its name", "rows.q2.label_zh"],
  ])("of a row named %s stands at the row and its question", async (_, field) => {
    const { page } = await opened("questionnaire", form, {
      "POST /api/v1/questionnaires": invalid(fault(field)),
    });
    await save(page);
    const alerts = page.findAll("[role=alert].fault");
    expect(alerts.map((one) => one.text())).toEqual(["不对"]);
    expect(alerts[0]!.element.closest("[data-place]")!.getAttribute("data-place")).toBe("rows.1.label_zh");
    expect(faultAt(page, "rows")).toBe("#2 中文 不对");
  });

  it("of a whole row stands at that row", async () => {
    const answer = invalid(fault("rows.q1"));
    const { page } = await opened("questionnaire", form, { "POST /api/v1/questionnaires": answer });
    await save(page);
    expect(page.get("[data-test=rows-0] > .fault").text()).toBe("不对");
    expect(page.find("[data-test=rows-1] > .fault").exists()).toBe(false);
  });
});

describe("rows", () => {
  const asked = async (page: Page) => {
    const all = house({ "POST /api/v1/questionnaires": {}, "PATCH /api/v1/questionnaires/f": {} });
    await save(page);
    return ((writes(all)[0]!.body as Values)["rows"] as Values[]).map((one) => one["name"]);
  };

  it("are moved, dropped and added, and sent in that order", async () => {
    const { page } = await opened("questionnaire", form);
    await press(page, "[data-test=rows-1] [aria-label=上移]");
    await press(page, "[data-test=add-rows]");
    await page.get("[data-test=rows-2] input[name=name]").setValue("q3");
    expect(page.get("[data-test=rows-0] [aria-label=上移]").attributes("disabled")).toBeDefined();
    expect(page.get("[data-test=rows-2] [aria-label=下移]").attributes("disabled")).toBeDefined();
    expect(await asked(page)).toEqual(["q2", "q1", "q3"]);
  });

  it("that were dropped are not sent, and the record that was given stays as it was", async () => {
    const { page } = await opened("questionnaire", form);
    const buttons = page.findAll("[data-test=rows-0] .tools button");
    await buttons.at(-1)!.trigger("click");
    expect(await asked(page)).toEqual(["q2"]);
    expect(form.rows).toHaveLength(2);
  });
});

describe("a questionnaire", () => {
  const NEXT = "POST /api/v1/questionnaires";
  const END = "PATCH /api/v1/questionnaires/f";
  const lines = (all: { method: string; path: string }[]) => all.map((one) => `${one.method} ${one.path}`);

  it("that was answered is not changed: a whole next edition is made, the one before ends", async () => {
    const { asked, page } = await opened("questionnaire", form, { [NEXT]: {}, [END]: {} });
    expect(page.get(".el-dialog__title").text()).toContain("新版本");
    await type(page, "title_zh", "走访二");
    await save(page);
    expect(lines(asked)).toEqual([NEXT, END]);
    expect(asked[0]!.body).toMatchObject({ unit_id: "u9", code: "survey", edition: 4, title_zh: "走访二" });
    expect((asked[0]!.body as Values)["rows"]).toEqual(form.rows);
    expect([asked[1]!.body, asked[1]!.headers.get("If-Match")]).toEqual([{ is_active: false }, '"2"']);
  });

  it("whose next edition is refused keeps the one before", async () => {
    const { asked, page } = await opened("questionnaire", form, {
      [NEXT]: invalid(fault("code")),
      [END]: {},
    });
    await save(page);
    expect(lines(asked)).toEqual([NEXT]);
    expect(faultAt(page, "code")).toBe("不对");
  });

  it("whose one before could not be ended is made once, however often that is tried", async () => {
    let answer: unknown = refused(412, "changed_meanwhile");
    const { asked, page } = await opened("questionnaire", form, { [NEXT]: {}, [END]: () => answer });
    await save(page);
    expect(problem(page)).toContain(whatOf("changed_meanwhile", "zh"));
    expect(page.emitted("close")).toBeUndefined();
    answer = {};
    await save(page);
    expect(lines(asked)).toEqual([NEXT, END, END]);
    expect(page.emitted("close")).toHaveLength(1);
  });
});

describe("an answer that comes after another form was opened", () => {
  const other = { ...crew, id: "i", name: "二班" };

  it("shuts not that one, and the lists are read again", async () => {
    const late = held({});
    const { page } = await opened("crew", crew, { [CHANGE]: late.answer });
    await save(page);
    await turn(page, null, crew);
    await turn(page, "crew", other);
    await type(page, "name", "二班西");
    await late.go();
    expect([page.emitted("saved")?.length, page.emitted("close")]).toEqual([1, undefined]);
    expect(typed(page, "name")).toBe("二班西");
  });

  it("puts no fault on that one, which can be saved meanwhile", async () => {
    const late = held(invalid(fault("name")));
    const answers = { [CHANGE]: late.answer, "PATCH /api/v1/crews/i": {} };
    const { asked, page } = await opened("crew", crew, answers);
    await save(page);
    await turn(page, null, crew);
    await turn(page, "crew", other);
    await late.go();
    expect([problem(page), faultAt(page, "name")]).toEqual(["", ""]);
    await save(page);
    expect(asked.map((one) => one.path)).toEqual(["/api/v1/crews/k", "/api/v1/crews/i"]);
  });

  it("of an edition leaves the next questionnaire its own", async () => {
    const late = held({});
    let posts = 0;
    const answers = {
      "POST /api/v1/questionnaires": () => ((posts += 1) === 1 ? late.answer() : {}),
      "PATCH /api/v1/questionnaires/f": {},
      "PATCH /api/v1/questionnaires/g": {},
    };
    const { page } = await opened("questionnaire", form, answers);
    await save(page);
    await turn(page, "questionnaire", { ...form, id: "g", code: "other" });
    await late.go();
    await save(page);
    expect(posts).toBe(2);
  });
});
