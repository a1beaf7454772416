/** The page of an empty installation: what is asked, what is sent, and the password that is shown once. */
import { flushPromises } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import Setup from "../src/views/Setup.vue";
import { broken, held, house, type Page, press, refused, shown, whatOf, writes } from "./console_screen.ts";

const AT = "/api/v1/setup";
const POSTS = [
  { code: "customer_representative", zh: "客户代表", en: "Customer representative" },
  { code: "hall_agent", zh: "营业厅坐席", en: "Hall agent" },
];
const SETTING = {
  is_set_up: false,
  has_token: true,
  time_zones: ["America/Los_Angeles", "Asia/Shanghai"],
  countries: { CN: [], US: ["CA", "WA"] },
  posts: POSTS,
};
const MADE = {
  units: { 清河水务: "g" },
  staff_id: "s",
  staff_number: "A001",
  password: "k7mdx-abcde-fghjk-mnpqr",
};

beforeEach(() => history.replaceState(null, "", "/setup#of-the-terminal"));
afterEach(() => history.replaceState(null, "", "/"));

const type = (page: Page, name: string, value: string): Promise<void> =>
  page.get(`[name=${name}]`).setValue(value);

async function fill(page: Page): Promise<void> {
  await type(page, "name", " 清河水务 ");
  await type(page, "branches", "城东营业所\n\n 城西营业所 ");
  await type(page, "time-zone", "Asia/Shanghai");
  await type(page, "country", "CN");
  await type(page, "number", "A001");
  await type(page, "person", "王芳");
}
async function send(page: Page): Promise<void> {
  await page.get("form").trigger("submit");
  await flushPromises();
}

describe("an installation that nobody has set up", () => {
  it("is set up by what was typed, with the token of the address", async () => {
    const asked = house({ [`GET ${AT}`]: SETTING, [`POST ${AT}`]: MADE });
    const { page } = await shown(Setup);
    await fill(page);
    await page.get("[value=hall_agent]").setValue(false);
    await send(page);
    const [sent] = writes(asked);
    expect(sent!.headers.get("Authorization")).toBe("Bearer of-the-terminal");
    expect(sent!.body).toEqual({
      group: { name: "清河水务", name_en: "", hotline: "" },
      branches: [{ name: "城东营业所" }, { name: "城西营业所" }],
      language: "zh",
      time_zone: "Asia/Shanghai",
      currency: "CNY",
      length_unit: "mm",
      calendar: { country: "CN", part: "" },
      posts: [POSTS[0]],
      has_matters: true,
      administrator: { number: "A001", name: "王芳", phone: "" },
    });
    expect(page.get("[data-test=password]").text()).toBe(MADE.password);
    expect(page.get("[data-test=number]").text()).toBe("A001");
    expect(page.find("form").exists()).toBe(false);
    // Whoever looks at the address bar has no token.
    expect(location.hash).toBe("");
  });

  it("asks for the part of a country that has some, and money and lengths follow", async () => {
    const asked = house({ [`GET ${AT}`]: SETTING, [`POST ${AT}`]: MADE });
    const { page } = await shown(Setup, { language: "en" });
    await fill(page);
    expect(page.find("[name=part]").exists()).toBe(false);
    await type(page, "currency", "");
    await type(page, "country", "US");
    await type(page, "part", "WA");
    await page.get("[name=matters]").setValue(false);
    await send(page);
    expect(writes(asked)[0]!.body).toMatchObject({
      language: "en",
      currency: "USD",
      length_unit: "in",
      calendar: { country: "US", part: "WA" },
      has_matters: false,
    });
  });

  it("keeps the post that serves cells", async () => {
    house({ [`GET ${AT}`]: SETTING });
    const { page } = await shown(Setup);
    expect(page.get("[value=customer_representative]").attributes("disabled")).toBe("");
    expect(page.get("[value=hall_agent]").attributes("disabled")).toBeUndefined();
  });

  it("says in words what is wrong, and keeps what was typed", async () => {
    const fault = { field: "currency", code: "invalid", zh: "不是货币", en: "no currency" };
    house({ [`GET ${AT}`]: SETTING, [`POST ${AT}`]: refused(422, "invalid", { faults: [fault] }) });
    const { page } = await shown(Setup);
    await fill(page);
    await send(page);
    expect(page.get("[role=alert]").text()).toContain("不是货币");
    expect((page.get("[name=name]").element as HTMLInputElement).value).toBe(" 清河水务 ");
  });

  it.each([
    ["zh", refused(403, "setup_token_wrong"), whatOf("setup_token_wrong", "zh")],
    ["en", refused(409, "already_set_up"), whatOf("already_set_up", "en")],
    ["en", broken, "The server does not answer"],
  ] as const)("that is refused says so (%s)", async (language, answer, words) => {
    house({ [`GET ${AT}`]: SETTING, [`POST ${AT}`]: answer });
    const { page } = await shown(Setup, { language });
    await fill(page);
    await send(page);
    expect(page.get("[role=alert]").text()).toContain(words);
  });

  it("is sent once, however often it is pressed", async () => {
    const late = held(MADE);
    const asked = house({ [`GET ${AT}`]: SETTING, [`POST ${AT}`]: late.answer });
    const { page } = await shown(Setup);
    await fill(page);
    await send(page);
    await send(page);
    await late.go();
    expect(writes(asked)).toHaveLength(1);
  });

  it("speaks the other language, which it is then set up in", async () => {
    const asked = house({ [`GET ${AT}`]: SETTING, [`POST ${AT}`]: MADE });
    const { page } = await shown(Setup);
    await fill(page);
    await press(page, ".language");
    expect(page.get("h1").text()).toBe("Set up");
    await type(page, "language", "zh");
    expect(page.get("h1").text()).toBe("初始设置");
    await press(page, ".language");
    await send(page);
    expect(writes(asked)[0]!.body).toMatchObject({ language: "en" });
  });
});

describe("a page that is of no use", () => {
  it("says that the address lacks its token", async () => {
    history.replaceState(null, "", "/setup");
    house({ [`GET ${AT}`]: SETTING });
    const { page } = await shown(Setup);
    expect(page.get("[role=alert]").text()).toContain("wangge setup --page");
    expect(page.find("form").exists()).toBe(false);
  });

  it("leads to the console where all is set up", async () => {
    house({ [`GET ${AT}`]: { ...SETTING, is_set_up: true, time_zones: [], countries: {}, posts: [] } });
    const { page } = await shown(Setup);
    expect(page.get("[data-test=is-set-up] a").attributes("href")).toBe("/");
  });

  it("says that nobody answers", async () => {
    house({ [`GET ${AT}`]: broken });
    const { page } = await shown(Setup, { language: "en" });
    expect(page.get("[role=alert]").text()).toContain("does not answer");
  });
});
