/** A dissatisfied item: what it is, the steps that one may take, and that nobody confirms their own work. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { actionsOf } from "@wangge/shared/vocabulary/words.ts";

import { me } from "../src/api.ts";
import ItemPanel from "../src/parts/ItemPanel.vue";
import {
  broken,
  held,
  house,
  overheard,
  press,
  refused,
  shown,
  signedIn,
  whatOf,
  writes,
} from "./console_screen.ts";

const READ = "GET /api/v1/items/i";
const item = (more = {}) => ({
  id: "i",
  version: 3,
  state: "open",
  theme: "pressure",
  description: "水压低",
  owner_id: "s1",
  due_on: "2026-12-24",
  ...more,
});
const take = actionsOf("item").find((one) => one.from.includes("open"))!;
const confirming = actionsOf("item").find((one) => one.not_by.length)!;
const staff = new Map([
  ["s1", "王芳"],
  ["s2", "李雷"],
]);

beforeEach(() => signedIn("admin", "supervisor", "dispatcher"));
afterEach(() => (me.signed = null));

async function panel(answers: Parameters<typeof house>[0], language: "zh" | "en" = "zh") {
  const said = overheard();
  const asked = house({ [READ]: item(), "GET /api/v1/items/i/history": [], ...answers });
  const { page } = await shown(ItemPanel, { props: { id: "i", staff }, language });
  return { said, asked, page };
}

describe("an item", () => {
  it("says what it is about, whose it is and until when", async () => {
    const { page } = await panel({});
    const text = page.get("[data-test=item]").text();
    for (const words of ["水压低", "王芳", "2026-12-24"]) expect(text).toContain(words);
  });

  it("says how it was resolved, by whom and when", async () => {
    const resolved = {
      state: "resolved",
      resolution: "换了水表",
      resolved_by_id: "s2",
      resolved_at: "2026-12-01T01:05:00Z",
      return_visit_note: "客户满意",
    };
    const { page } = await panel({ [READ]: item(resolved) });
    expect(page.get("[data-test=item]").text()).toContain("换了水表 · 李雷 · 12/1 09:05");
    expect(page.get("[data-test=item]").text()).toContain("客户满意");
  });

  it.each([
    ["zh", refused(403, "not_allowed"), whatOf("not_allowed", "zh")],
    ["en", refused(404, "not_found"), whatOf("not_found", "en")],
    ["en", broken, "The server does not answer; try again"],
  ] as const)("that cannot be read says why in %s", async (language, answer, words) => {
    const { said, page } = await panel({ [READ]: answer }, language);
    expect(said.error.join()).toContain(words);
    expect(page.findAll("[data-test^=step-]")).toHaveLength(0);
  });

  it("is moved by supervisors, while it is open", async () => {
    expect((await panel({})).page.find("[data-test=move-item]").exists()).toBe(true);
    const { page } = await panel({ [READ]: item({ state: "resolved" }) });
    expect(page.find("[data-test=move-item]").exists()).toBe(false);
  });

  it("is not moved by anybody else", async () => {
    signedIn("dispatcher");
    const { page } = await panel({});
    expect(page.find("[data-test=move-item]").exists()).toBe(false);
  });
});

describe("a step", () => {
  const path = `/api/v1/items/i/actions/${take.name}`;

  it("is offered to whoever may take it, and to nobody else", async () => {
    expect((await panel({})).page.find(`[data-test=step-${take.name}]`).exists()).toBe(true);
    signedIn("nobody");
    const { page } = await panel({});
    expect(page.findAll("[data-test^=step-]")).toHaveLength(0);
  });

  it("goes with what it needs, and the item is read again", async () => {
    const { asked, page } = await panel({ [`POST ${path}`]: {} });
    for (const need of take.needs) await page.get(`[name=${need}]`).setValue(" 已联系 ");
    await press(page, `[data-test=step-${take.name}]`);
    const [sent] = writes(asked);
    expect(sent!.path).toBe(path);
    expect(sent!.body ?? {}).toEqual(Object.fromEntries(take.needs.map((need) => [need, "已联系"])));
    expect(asked.filter((one) => one.path === "/api/v1/items/i")).toHaveLength(2);
    expect(page.emitted("changed")).toHaveLength(1);
  });

  it("pressed twice is taken once", async () => {
    const late = held({});
    const { asked, page } = await panel({ [`POST ${path}`]: late.answer });
    await press(page, `[data-test=step-${take.name}]`);
    await press(page, `[data-test=step-${take.name}]`);
    await late.go();
    expect(writes(asked)).toHaveLength(1);
  });

  it.each(["zh", "en"] as const)("that is refused says why in %s and changes nothing", async (language) => {
    const { said, page } = await panel({ [`POST ${path}`]: refused(409, "not_allowed") }, language);
    await press(page, `[data-test=step-${take.name}]`);
    expect(said.error.join()).toContain(whatOf("not_allowed", language));
    expect(page.emitted("changed")).toBeUndefined();
  });

  it("that confirms somebody's work is not theirs to take, and they are told whose", async () => {
    const own = item({ state: confirming.from[0]!, resolved_by_id: "me" });
    const { page } = await panel({ [READ]: own }, "en");
    expect(page.find(`[data-test=step-${confirming.name}]`).exists()).toBe(false);
    expect(page.get("[data-test=another]").text()).toContain("Whoever resolved it does not close it");
  });

  it("that confirms another's work is theirs", async () => {
    const others = item({ state: confirming.from[0]!, resolved_by_id: "s2" });
    const { page } = await panel({ [READ]: others });
    expect(page.find(`[data-test=step-${confirming.name}]`).exists()).toBe(true);
    expect(page.find("[data-test=another]").exists()).toBe(false);
  });
});
