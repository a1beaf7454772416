/** A report taken down: what must be said, where it is, who called, and that an urgent one leads on. */
import { ElSwitch } from "element-plus";
import { flushPromises } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { me } from "../src/api.ts";
import { matters } from "../src/live.ts";
import NewJob from "../src/parts/NewJob.vue";
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
  rowsOf,
  selectOf,
  shown,
  signedIn,
  whatOf,
  writes,
} from "./console_screen.ts";

const MAKE = "POST /api/v1/work-orders";
const BOARD = { jobs: [], crews: [], cells: [], notices: [], extent: null };
const door = (id: string, address: string) => ({
  id,
  address,
  place: { type: "Point", coordinates: [104.06, 30.57] },
});

beforeEach(() => {
  signedIn("hotline_agent");
  matters.value = new Map([
    ["m", { id: "m", name_zh: "漏水", name_en: "Leak", is_active: true }],
    ["old", { id: "old", name_zh: "旧", name_en: "Old", is_active: false }],
  ]);
});
afterEach(() => {
  me.signed = null;
  matters.value = new Map();
});

interface More {
  point?: [number, number] | null;
  language?: "zh" | "en";
}
async function report(
  answers: Parameters<typeof house>[0] = {},
  { point = null, language = "zh" }: More = {},
) {
  const said = overheard();
  const asked = house({ [MAKE]: { id: "j" }, "GET /api/v1/dispatch/board": BOARD, ...answers });
  const props = { modelValue: true, point };
  const { page } = await shown(NewJob, { props, language, without: ["ElSelect"] });
  return { said, asked, page };
}
const send = async (page: Page): Promise<void> => {
  await page.get("form").trigger("submit");
  await flushPromises();
};
const about = (page: Page, language: "zh" | "en" = "zh") =>
  choose(page, language === "zh" ? "事项" : "Matter", "m");

describe("a report", () => {
  it("is not taken without saying what it is about, nor without a place", async () => {
    const { said, asked, page } = await report();
    await send(page);
    await about(page);
    await send(page);
    expect(said.warning).toEqual(["事项", "在地图上点选位置"]);
    expect(writes(asked)).toHaveLength(0);
  });

  it("goes with what was said and nothing that was not", async () => {
    const { asked, page } = await report();
    await about(page);
    await page.get("[name=address]").setValue("成都市人民南路 4 号");
    await send(page);
    expect(writes(asked).map((one) => one.body)).toEqual([
      { matter_id: "m", address: "成都市人民南路 4 号" },
    ]);
    expect(page.emitted("made")).toEqual([["j", false]]);
    expect(page.emitted("update:modelValue")).toEqual([[false]]);
  });

  it("goes with who called, where only one of name and number is known", async () => {
    const { asked, page } = await report();
    await about(page);
    await page.get("[name=address]").setValue("x");
    await page.get("[name=phone]").setValue("13800000000");
    await send(page);
    expect(writes(asked)[0]!.body).toMatchObject({ reporter: { name: null, phone: "13800000000" } });
  });

  it("goes with the place that was clicked, which is shown", async () => {
    const { asked, page } = await report({}, { point: [104.066, 30.572], language: "en" });
    expect(page.get("[data-test=pick-place]").text()).toBe("Place chosen 104.0660, 30.5720");
    await about(page, "en");
    await send(page);
    expect(writes(asked)[0]!.body).toEqual({
      matter_id: "m",
      place: { type: "Point", coordinates: [104.066, 30.572] },
    });
  });

  it("asks for a place on the map", async () => {
    const { page } = await report();
    await press(page, "[data-test=pick-place]");
    expect(page.emitted("pick")).toHaveLength(1);
  });

  it("is taken once, however often one presses meanwhile", async () => {
    const late = held({ id: "j" });
    const { asked, page } = await report({ [MAKE]: late.answer });
    await about(page);
    await page.get("[name=address]").setValue("x");
    await send(page);
    expect(page.get("[data-test=make]").attributes("disabled")).toBe("");
    await late.go();
    expect(writes(asked)).toHaveLength(1);
  });

  it.each([
    ["zh", refused(422, "not_allowed"), whatOf("not_allowed", "zh")],
    ["en", refused(422, "not_allowed"), whatOf("not_allowed", "en")],
    ["en", broken, "The server does not answer; try again"],
  ] as const)("that is refused says why in %s, and loses nothing", async (language, answer, words) => {
    const { said, page } = await report({ [MAKE]: answer }, { language });
    await about(page, language);
    await page.get("[name=address]").setValue("x");
    await send(page);
    expect(said.error.join()).toContain(words);
    expect(page.emitted("made")).toBeUndefined();
    expect((page.get("[name=address]").element as HTMLInputElement).value).toBe("x");
  });

  it("that is urgent is told so, and the next is not urgent by itself", async () => {
    const { page } = await report();
    await about(page);
    await page.get("[name=address]").setValue("x");
    page.getComponent(ElSwitch).vm.$emit("update:modelValue", true);
    await flushPromises();
    await send(page);
    await page.get("[name=address]").setValue("y");
    await send(page);
    expect(page.emitted("made")).toEqual([
      ["j", true],
      ["j", false],
    ]);
  });
});

describe("a customer's door", () => {
  const POINTS = "GET /api/v1/service-points";

  it("that is the only one is taken, with its address", async () => {
    const { asked, page } = await report({ [POINTS]: rowsOf(door("p1", "人民南路 4 号")) });
    await choose(page, "客户", "c1");
    await about(page);
    await send(page);
    expect(writes(asked)[0]!.body).toEqual({
      matter_id: "m",
      service_point_id: "p1",
      address: "人民南路 4 号",
      customer_id: "c1",
    });
  });

  it("of several must be said", async () => {
    const { said, asked, page } = await report({ [POINTS]: rowsOf(door("p1", "甲"), door("p2", "乙")) });
    await choose(page, "客户", "c1");
    await about(page);
    await send(page);
    expect([said.warning, writes(asked).length]).toEqual([["有几个用水点，请选择是哪一个"], 0]);
    await choose(page, "有几个用水点，请选择是哪一个", "p2");
    await send(page);
    expect(writes(asked)[0]!.body).toMatchObject({ service_point_id: "p2", address: "乙" });
  });

  it("of a customer who was left meanwhile is not taken", async () => {
    const late = held(rowsOf(door("p1", "慢")));
    const { page } = await report({
      [POINTS]: ({ path }: Asked) => (path.includes("c1") ? late.answer() : rowsOf(door("p2", "快"))),
    });
    await choose(page, "客户", "c1");
    await choose(page, "客户", "c2");
    await late.go();
    expect((page.get("[name=address]").element as HTMLInputElement).value).toBe("快");
  });

  it("is found by two characters at least", async () => {
    const { asked, page } = await report({ "GET /api/v1/territory/customers": [{ id: "c1", name: "张三" }] });
    const find = selectOf(page, "客户").props("remoteMethod") as (words: string) => Promise<void>;
    await find("张");
    expect(asked).toHaveLength(0);
    await find("张三");
    expect(decodeURIComponent(asked[0]!.path)).toBe("/api/v1/territory/customers?words=张三");
  });
});
