/** The frame: signing in, the menu, and whether what one sees is of now. */
import { flushPromises } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import App from "../src/App.vue";
import { ringing } from "../src/alarms.ts";
import { me } from "../src/api.ts";
import { type DeadFact, deadFacts } from "../src/facts.ts";
import { live, unwatchBoard } from "../src/live.ts";
import { menu } from "../src/router.ts";
import {
  broken,
  held,
  house,
  type Page,
  press,
  refused,
  shown,
  signedIn,
  whatOf,
  writes,
} from "./console_screen.ts";

const SIGN_IN = "POST /api/v1/sessions";
const someone = (...roles: string[]) => ({
  access_token: "a",
  refresh_token: "r",
  staff_id: "me",
  unit_id: "u",
  roles,
});

beforeEach(() => {
  me.signed = null;
  live.now = Date.parse("2026-12-01T03:00:00Z");
  live.readAt = live.now - 10_000;
  live.isListening = false;
});
afterEach(() => {
  unwatchBoard();
  me.signed = null;
  deadFacts.value = [];
});

async function frame(answers: Parameters<typeof house>[0] = {}, language: "zh" | "en" = "zh", at = "/board") {
  const asked = house(answers);
  const { page, router } = await shown(App, { language, at });
  return { asked, page, router };
}
async function enter(page: Page): Promise<void> {
  await page.get("[name=login]").setValue(" D101 ");
  await page.get("[name=password]").setValue("riverside");
  await page.get("form").trigger("submit");
  await flushPromises();
}

describe("signing in", () => {
  it("is all there is before anybody has, and nothing is asked", async () => {
    const { asked, page } = await frame();
    expect([asked.length, page.find("nav").exists()]).toEqual([0, false]);
    expect(page.get("h1").text()).toBe("网格 · 调度台");
  });

  it("sends what was typed and shows the pages", async () => {
    const { asked, page } = await frame({ [SIGN_IN]: someone("dispatcher") });
    await enter(page);
    expect(writes(asked)[0]!.body).toMatchObject({ login: "D101", password: "riverside" });
    expect(page.find("nav").exists()).toBe(true);
  });

  it("is busy until it is answered", async () => {
    const late = held(someone("dispatcher"));
    const { page } = await frame({ [SIGN_IN]: late.answer });
    await enter(page);
    expect(page.get("[data-test=sign-in]").attributes("disabled")).toBe("");
    await late.go();
    expect(page.find("[data-test=sign-in]").exists()).toBe(false);
  });

  it.each([
    ["zh", refused(403, "not_allowed"), whatOf("not_allowed", "zh")],
    ["en", refused(403, "not_allowed"), whatOf("not_allowed", "en")],
    ["zh", broken, "服务器没有回答，请稍后再试"],
    ["en", broken, "The server does not answer; try again"],
  ] as const)("that is refused says why in %s, and keeps who it was", async (language, answer, words) => {
    const { page } = await frame({ [SIGN_IN]: answer }, language);
    await enter(page);
    expect(page.get("[role=alert]").text()).toContain(words);
    expect((page.get("[name=login]").element as HTMLInputElement).value).toBe(" D101 ");
    expect(page.get("[data-test=sign-in]").attributes("disabled")).toBeUndefined();
  });
});

describe("the frame", () => {
  it.each([
    ["zh", "调度"],
    ["en", "Dispatch"],
  ] as const)("has the menu in %s, and says which page this is", async (language, word) => {
    signedIn("dispatcher");
    const { page } = await frame({}, language);
    expect(page.findAll("nav a")).toHaveLength(menu.length - 4);
    expect(page.get("[aria-current=page]").text()).toBe(word);
  });

  // Kept by hand: what each would be refused is not offered.
  it.each([
    ["dispatcher", [], ["imports", "exports", "messages", "checklist"]],
    ["hotline_agent", ["messages"], ["imports", "exports", "checklist"]],
    ["supervisor", [], ["imports", "exports", "messages", "checklist"]],
    ["admin", ["imports", "exports", "messages", "checklist"], []],
  ])("offers a %s what there is for them", async (role, has, lacks) => {
    signedIn(role);
    const { page } = await frame();
    const offered = page.findAll("nav a").map((one) => one.attributes("href")!.split("/").at(-1));
    expect(offered).toEqual(expect.arrayContaining(["board", "people", "records", ...has]));
    expect(offered.filter((one) => lacks.includes(one!))).toEqual([]);
  });

  it("turns into the other language, and keeps that", async () => {
    signedIn("dispatcher");
    const { page } = await frame();
    const other = page.findAll("header button").find((one) => one.text() === "English")!;
    await other.trigger("click");
    await flushPromises();
    expect(page.get("nav a").text()).toBe("Dispatch");
    expect(localStorage.getItem("wangge.language")).toBe("en");
  });

  it.each(["customer_representative", "crew_member"])("sends a %s to the phone", async (role) => {
    signedIn(role);
    const { asked, page } = await frame();
    expect(page.get("main a").attributes("href")).toBe("/m/");
    expect(page.find("[data-test=notices]").exists()).toBe(false);
    expect(asked.some((one) => one.path.includes("/dispatch/board"))).toBe(false);
  });

  it("says how old is what one sees", async () => {
    signedIn("dispatcher");
    const { page } = await frame({}, "en");
    const said = () => page.get("[data-test=live]");
    expect([said().text(), said().classes("stale")]).toEqual(["Every 30 s", false]);
    live.isListening = true;
    await flushPromises();
    expect(said().text()).toBe("Live");
    live.readAt = live.now - 10 * 60_000;
    await flushPromises();
    expect([said().text(), said().classes("stale")]).toEqual(["Out of date: 10 min. ago", true]);
  });

  it("raises what was given up, and leads there", async () => {
    signedIn("dispatcher");
    const { page } = await frame({}, "en");
    expect(page.find("[data-test=facts-alarm]").exists()).toBe(false);
    deadFacts.value = [{ id: 1 } as DeadFact, { id: 2 } as DeadFact];
    await flushPromises();
    expect(page.get("[data-test=facts-alarm]").text()).toBe("2 given up");
    expect(page.get("[data-test=facts-alarm]").attributes("href")).toBe("/inbox?tab=facts");
  });

  it("raises alarms of the system, and leads to the checklist", async () => {
    signedIn("admin");
    const { page } = await frame({}, "en");
    expect(page.find("[data-test=alarms]").exists()).toBe(false);
    const title = { zh: "后台进程没有响应", en: "The worker is silent" };
    ringing.value = [{ code: "worker", title, since: "2026-09-01T00:00:00Z" }];
    await flushPromises();
    expect(page.get("[data-test=alarms]").text()).toBe("1 alarms");
    expect(page.get("[data-test=alarms]").attributes("title")).toBe("The worker is silent");
    expect(page.get("[data-test=alarms]").attributes("href")).toBe("/checklist");
    ringing.value = [];
  });

  it("ends with signing out", async () => {
    signedIn("dispatcher");
    const { asked, page } = await frame();
    await press(page, "[data-test=sign-out]");
    expect(page.find("nav").exists()).toBe(false);
    expect(writes(asked).map((one) => one.method)).toEqual(["DELETE"]);
  });
});
