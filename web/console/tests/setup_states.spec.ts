/** Setting up, the checklist and the installation's tab: late answers, double presses, refusals. */
import { flushPromises } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { installed, USUAL } from "@wangge/shared/installation.ts";

import { me } from "../src/api.ts";
import InstallationTab from "../src/parts/InstallationTab.vue";
import Checklist from "../src/views/Checklist.vue";
import Setup from "../src/views/Setup.vue";
import {
  broken,
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

const AT = "/api/v1/setup";
const SETTING = {
  is_set_up: false,
  has_token: true,
  time_zones: ["America/New_York", "Asia/Shanghai"],
  countries: { CN: [], GB: ["ENG", "SCT"], IS: [], US: ["CA", "WA"] },
  posts: [
    { code: "customer_representative", zh: "客户代表", en: "Customer representative" },
    { code: "hall_agent", zh: "营业厅坐席", en: "Hall agent" },
    { code: "diver", zh: "潜水员", en: "Diver" },
  ],
};
const MADE = { units: {}, staff_id: "s", staff_number: "A1", password: "k7mdx-abcde-fghjk-mnpqr" };

afterEach(() => {
  me.signed = null;
  history.replaceState(null, "", "/");
});
const valueOf = (page: Page, name: string): string =>
  (page.get(`[name=${name}]`).element as HTMLInputElement).value;
const type = (page: Page, name: string, value: string): Promise<void> =>
  page.get(`[name=${name}]`).setValue(value);
async function submit(page: Page): Promise<void> {
  await page.get("form").trigger("submit");
  await flushPromises();
}

describe("the page of setting up", () => {
  beforeEach(() => history.replaceState(null, "", "/setup#token"));

  it("shows nothing to fill in until the server has answered", async () => {
    const late = held(SETTING);
    house({ [`GET ${AT}`]: late.answer });
    const { page } = await shown(Setup);
    expect([page.find("form").exists(), page.find("[role=alert]").exists()]).toEqual([false, false]);
    await late.go();
    expect(page.find("form").exists()).toBe(true);
  });

  it("proposes the zone of who sits there, where the server knows it", async () => {
    house({ [`GET ${AT}`]: SETTING });
    const { page } = await shown(Setup, { language: "en" });
    const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
    expect(valueOf(page, "time-zone")).toBe(here);
    house({ [`GET ${AT}`]: { ...SETTING, time_zones: ["Asia/Shanghai"] } });
    const { page: other } = await shown(Setup, { language: "en" });
    expect([valueOf(other, "time-zone"), valueOf(other, "country")]).toEqual(["", ""]);
  });

  it("changes the money with the country while nobody has typed another", async () => {
    house({ [`GET ${AT}`]: SETTING });
    const { page } = await shown(Setup, { language: "en" });
    const seen: string[] = [];
    for (const country of ["CN", "US", "GB", "IS", "CN"]) {
      await type(page, "country", country);
      seen.push(valueOf(page, "currency"));
    }
    expect(seen).toEqual(["CNY", "USD", "GBP", "", "CNY"]);
    await type(page, "currency", "ISK");
    await type(page, "country", "US");
    expect(valueOf(page, "currency")).toBe("ISK");
  });

  it("forgets the part of a country that was chosen before", async () => {
    const asked = house({ [`GET ${AT}`]: SETTING, [`POST ${AT}`]: MADE });
    const { page } = await shown(Setup, { language: "en" });
    await type(page, "country", "US");
    await type(page, "part", "WA");
    await type(page, "country", "GB");
    expect(valueOf(page, "part")).toBe("");
    await submit(page);
    expect(writes(asked)[0]!.body).toMatchObject({
      calendar: { country: "GB", part: "" },
      length_unit: "mm",
    });
  });

  it("names countries in the language that is read, in its order", async () => {
    house({ [`GET ${AT}`]: SETTING });
    const { page } = await shown(Setup, { language: "en" });
    const named = (): string[] => page.findAll("[name=country] option").map((one) => one.text());
    expect(named().slice(1)).toEqual(["China", "Iceland", "United Kingdom", "United States"]);
    await press(page, ".language");
    expect(named().slice(1)).toEqual(expect.arrayContaining(["中国", "冰岛", "英国", "美国"]));
  });

  it("sends posts in the server's order, whatever the order of pressing", async () => {
    const asked = house({ [`GET ${AT}`]: SETTING, [`POST ${AT}`]: MADE });
    const { page } = await shown(Setup);
    await page.get("[value=hall_agent]").setValue(false);
    await page.get("[value=diver]").setValue(false);
    await page.get("[value=diver]").setValue(true);
    await page.get("[value=hall_agent]").setValue(true);
    await submit(page);
    expect((writes(asked)[0]!.body as typeof SETTING).posts).toEqual(SETTING.posts);
  });

  it("takes away the last refusal when it is sent again, and can be sent after one", async () => {
    const late = held(MADE);
    let answer: unknown = refused(422, "invalid", { faults: [] });
    const asked = house({ [`GET ${AT}`]: SETTING, [`POST ${AT}`]: () => answer });
    const { page } = await shown(Setup, { language: "en" });
    await type(page, "currency", "usd");
    await submit(page);
    expect(page.find("[role=alert]").exists()).toBe(true);
    answer = late.answer();
    await submit(page);
    expect(page.find("[role=alert]").exists()).toBe(false);
    expect(page.get("[data-test=send]").attributes("disabled")).toBe("");
    await late.go();
    expect(page.get("[data-test=made]").text()).toContain(MADE.password);
    expect(writes(asked).map((one) => (one.body as { currency: string }).currency)).toEqual(["USD", "USD"]);
  });

  it.each([
    ["a page of somebody else's", () => new Response("<html>sign in</html>", { status: 200 })],
    ["nothing", () => new Response("", { status: 502 })],
    ["a line that breaks", broken],
  ])("keeps token and typing when the answer is %s", async (_, answer) => {
    house({ [`GET ${AT}`]: SETTING, [`POST ${AT}`]: answer });
    const { page } = await shown(Setup, { language: "en" });
    await type(page, "name", "Harbor Water");
    await submit(page);
    expect(page.get("[role=alert]").text()).toContain("does not answer");
    expect([valueOf(page, "name"), location.hash]).toEqual(["Harbor Water", "#token"]);
    expect(page.get("[data-test=send]").attributes("disabled")).toBeUndefined();
  });

  it("never shows a password beside a form", async () => {
    house({ [`GET ${AT}`]: SETTING, [`POST ${AT}`]: MADE });
    const { page } = await shown(Setup);
    expect(page.text()).not.toContain(MADE.password);
    await submit(page);
    expect(page.findAll("[data-test=password]")).toHaveLength(1);
    expect(page.findAll("input")).toHaveLength(0);
  });
});

describe("the checklist", () => {
  const LIST = "GET /api/v1/checklist";
  const words = { zh: "中", en: "en" };
  const line = (code: string, state: string, missing: number, total: number | null) => ({
    code,
    state,
    missing,
    total,
    title: words,
    meaning: words,
    mend: words,
    page: "",
  });
  beforeEach(() => signedIn("admin"));

  it("says nothing is ready before it has looked", async () => {
    const late = held([line("cells", "ok", 0, 4)]);
    house({ [LIST]: late.answer });
    const { page } = await shown(Checklist, { language: "en" });
    expect(page.find("[data-test=left]").exists()).toBe(false);
    await late.go();
    expect(page.get("[data-test=left]").classes()).toContain("ready");
  });

  it("keeps what it saw when looking again fails, says so, and is mended by a third look", async () => {
    let answer: unknown = [line("cells", "fail", 3, 4)];
    house({ [LIST]: () => answer });
    const { page } = await shown(Checklist, { language: "en" });
    answer = refused(503, "not_ready");
    await press(page, "[data-test=again]");
    expect(page.get(".el-alert").text()).toContain(whatOf("not_ready", "en"));
    expect(page.get("[data-test=line-cells]").text()).toContain("3 / 4");
    answer = [line("cells", "ok", 0, 4)];
    await press(page, "[data-test=again]");
    expect(page.find(".el-alert").exists()).toBe(false);
  });

  it("looks once, however often it is pressed", async () => {
    const late = held([line("cells", "ok", 0, 4)]);
    const asked = house({ [LIST]: late.answer });
    const { page } = await shown(Checklist);
    await press(page, "[data-test=again]");
    await press(page, "[data-test=again]");
    await late.go();
    expect(asked).toHaveLength(1);
  });

  it.each([
    ["backup", "ok", 0, 0, "0 days ago"],
    ["backup", "fail", 1, null, "never"],
    ["cells", "ok", 0, 0, "0 / 0"],
    ["cells", "fail", 0, 0, "none yet"],
    ["keys", "fail", 1, null, ""],
  ] as const)("of %s that is %s counts %s of %s", async (code, state, missing, total, shownAs) => {
    house({ [LIST]: [line(code, state, missing, total)] });
    const { page } = await shown(Checklist, { language: "en" });
    expect(page.get(`[data-test=line-${code}] .count`).text().toLowerCase()).toBe(shownAs);
  });
});

describe("the installation's tab", () => {
  const READ = "GET /api/v1/installation";
  const WRITE = "PATCH /api/v1/installation";
  const found = {
    ...USUAL,
    posts: [{ code: "diver", zh: "潜水员", en: "Diver" }],
    first_view: null,
    new_cell_code: "N###",
    imported_cell_code: "Z###",
    limits: { item_days: 5, visit_days_between: { key: 30 } },
    version: 3,
  };
  beforeEach(() => signedIn("admin"));

  it("is sent once, however often it is pressed", async () => {
    overheard();
    const late = held({ ...found, version: 4 });
    const asked = house({ [READ]: found, [WRITE]: late.answer });
    const { page } = await shown(InstallationTab);
    await type(page, "name_en", "Ours");
    await submit(page);
    await submit(page);
    await late.go();
    expect(writes(asked)).toHaveLength(1);
  });

  it("goes on from what the server made of it, by its version", async () => {
    overheard();
    const asked = house({ [READ]: found, [WRITE]: { ...found, name_en: "OURS", version: 9 } });
    const { page } = await shown(InstallationTab);
    await type(page, "name_en", "Ours");
    await submit(page);
    expect([valueOf(page, "name_en"), installed().name_en]).toEqual(["OURS", "OURS"]);
    await type(page, "name_zh", "我们");
    await submit(page);
    expect(writes(asked)[1]!.headers.get("If-Match")).toBe('"9"');
    expect(writes(asked)[1]!.body).toEqual({ name_zh: "我们" });
  });

  it.each(["zh", "en"] as const)("keeps what was typed when another was faster (%s)", async (language) => {
    const said = overheard();
    house({ [READ]: found, [WRITE]: refused(412, "changed_meanwhile") });
    const { page } = await shown(InstallationTab, { language });
    await type(page, "name_en", "Ours");
    await submit(page);
    expect(page.get("[data-test=installation-problem]").text()).toContain(
      whatOf("changed_meanwhile", language),
    );
    expect([valueOf(page, "name_en"), installed().name_en, said.success]).toEqual(["Ours", "Wangge", []]);
  });

  it("takes away the complaint once it is taken", async () => {
    overheard();
    let answer: unknown = refused(422, "invalid", { faults: [] });
    house({ [READ]: found, [WRITE]: () => answer });
    const { page } = await shown(InstallationTab);
    await type(page, "name_en", "");
    await submit(page);
    expect(page.find("[data-test=installation-problem]").exists()).toBe(true);
    answer = { ...found, version: 4 };
    await type(page, "name_en", "Ours");
    await submit(page);
    expect(page.find("[data-test=installation-problem]").exists()).toBe(false);
  });

  it("says that the line broke", async () => {
    house({ [READ]: found, [WRITE]: broken });
    const { page } = await shown(InstallationTab);
    await type(page, "name_en", "Ours");
    await submit(page);
    expect(page.get("[data-test=installation-problem]").text()).not.toBe("");
    expect(page.get("[data-test=save-installation]").attributes("disabled")).toBeUndefined();
  });
});
