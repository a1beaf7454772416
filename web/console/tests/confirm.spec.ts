/** The customer's own page: a sheet to read and to sign, or to object to; a link works once. */
import { flushPromises } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { SignatureBoard } from "@wangge/shared/ui/signature.ts";

import Confirm from "../src/views/Confirm.vue";
import { broken, held, house, type Page, press, refused, shown, whatOf } from "./console_screen.ts";

const SHEET = "POST /api/v1/public/confirmations/sheet";
const ANSWER = "POST /api/v1/public/confirmations";
const STROKES = { width: 300, height: 150, lines: [[[1, 2, 3]]] };
const asked = (more = {}, sha256 = "abc") => ({
  sheet: { number: "W-1", result: "换了阀门", told_cost_fen: 4550, photos: ["p1", "p2"], ...more },
  sheet_sha256: sha256,
  until: "2026-12-08T00:00:00Z",
});
let strokes: typeof STROKES | null = STROKES;

beforeEach(() => {
  location.hash = "#tok-1";
  strokes = STROKES;
  const pen = new Proxy({}, { get: () => () => undefined, set: () => true });
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(pen as never);
  vi.spyOn(SignatureBoard.prototype, "strokes").mockImplementation(() => strokes);
});
afterEach(() => {
  location.hash = "";
  vi.restoreAllMocks();
});

async function sign(page: Page, name = "张三"): Promise<void> {
  await page.get("[name=signer]").setValue(name);
  await page.get("form").trigger("submit");
  await flushPromises();
}

async function object(page: Page, words: string): Promise<void> {
  await press(page, "[data-test=object]");
  await page.get("[name=words]").setValue(words);
  await page.get("form").trigger("submit");
  await flushPromises();
}

describe("a sheet to confirm", () => {
  it("is asked for by the link's secret, and shown with nothing left out", async () => {
    const all = house({ [SHEET]: asked() });
    const { page } = await shown(Confirm);
    expect(all.map((one) => one.body)).toEqual([{ token: "tok-1" }]);
    const text = page.get("[data-test=sheet]").text();
    expect(text).toContain("W-1");
    expect(text).toContain("换了阀门");
    expect(text).toContain("¥45.50");
    expect(page.findAll("[data-test=sheet] dd").at(-1)!.text()).toBe("2");
  });

  it("with hundreds of parts shows every one", async () => {
    const parts = Array.from({ length: 300 }, (_, n) => ({ name: `阀门${n}`, quantity: n + 1 }));
    house({ [SHEET]: asked({ parts }) });
    const { page } = await shown(Confirm);
    expect(page.text()).toContain("阀门0 × 1");
    expect(page.text()).toContain("阀门299 × 300");
  });

  it("without a secret asks nothing, and says that the link has ended", async () => {
    location.hash = "";
    const all = house({});
    const { page } = await shown(Confirm, { language: "en" });
    expect(all).toHaveLength(0);
    expect(page.get("[role=alert]").text()).toContain(whatOf("link_ended", "en"));
  });

  it.each([
    ["link_used", "zh"],
    ["link_used", "en"],
    ["link_ended", "zh"],
    ["link_ended", "en"],
  ] as const)("by a link that is over (%s) is not shown, which is said in %s", async (code, language) => {
    house({ [SHEET]: refused(410, code) });
    const { page } = await shown(Confirm, { language });
    expect(page.get("[role=alert]").text()).toContain(whatOf(code, language));
    expect(page.find("form").exists()).toBe(false);
  });

  it.each([
    ["a line that breaks", broken],
    ["something between that answers in HTML", new Response("<h1>502</h1>", { status: 502 })],
  ])("is not there after %s, and that is said", async (_, answer) => {
    house({ [SHEET]: answer });
    const { page } = await shown(Confirm);
    expect(page.get("[role=alert]").text()).toBe("没有网络，请稍后再试");
  });

  it("is read in the other language at a touch", async () => {
    house({ [SHEET]: asked() });
    const { page } = await shown(Confirm);
    await press(page, ".language");
    expect(page.get("h1").text()).toBe("Confirm a service sheet");
    expect(page.text()).toContain("CN¥45.50");
  });

  it("offers everybody to sign but the deputy, who signs at the door", async () => {
    house({ [SHEET]: asked() });
    const { page } = await shown(Confirm);
    const values = page.findAll("[name=relation] option").map((one) => one.attributes("value"));
    expect(values).toContain("self");
    expect(values).not.toContain("deputy");
  });
});

describe("signing", () => {
  it("sends what was written, for the sheet that was seen, and thanks", async () => {
    const all = house({ [SHEET]: asked(), [ANSWER]: { outcome: "signed" } });
    const { page } = await shown(Confirm);
    await sign(page, "  张三 ");
    expect(all[1]!.body).toEqual({
      token: "tok-1",
      sheet_sha256: "abc",
      agrees: true,
      signer_name: "张三",
      relation: "self",
      strokes: STROKES,
    });
    expect(page.get("[data-test=outcome] h2").text()).toBe("已确认，谢谢");
    expect(page.find("form").exists()).toBe(false);
  });

  it.each([
    ["no name", "   ", STROKES],
    ["no signature", "张三", null],
  ])("with %s sends nothing and says what is wanted", async (_, name, drawn) => {
    strokes = drawn;
    const all = house({ [SHEET]: asked(), [ANSWER]: { outcome: "signed" } });
    const { page } = await shown(Confirm);
    await sign(page, name);
    expect(all).toHaveLength(1);
    expect(page.get("[role=alert]").text()).toBe("请填写姓名并签名");
  });

  it("twice in a hurry is sent once", async () => {
    const late = held({ outcome: "signed" });
    const all = house({ [SHEET]: asked(), [ANSWER]: late.answer });
    const { page } = await shown(Confirm);
    await sign(page);
    expect(page.get("[data-test=confirm]").attributes("disabled")).toBe("");
    await page.get("form").trigger("submit");
    await late.go();
    expect(all).toHaveLength(2);
    expect(page.find("[data-test=outcome]").exists()).toBe(true);
  });

  it("what has changed meanwhile shows it anew, and the next signature is for that", async () => {
    let sha = "abc";
    const all = house({
      [SHEET]: () => asked({ result: `结果 ${sha}` }, sha),
      [ANSWER]: ({ body }: { body: unknown }) =>
        (body as { sheet_sha256: string }).sheet_sha256 === "new"
          ? { outcome: "signed" }
          : refused(409, "changed_meanwhile"),
    });
    const { page } = await shown(Confirm);
    sha = "new";
    await sign(page);
    expect(page.get("[role=alert]").text()).toBe("内容刚刚有更新，请再看一遍");
    expect(page.text()).toContain("结果 new");
    await sign(page);
    expect(all.at(-1)!.body).toMatchObject({ sheet_sha256: "new" });
    expect(page.find("[data-test=outcome]").exists()).toBe(true);
  });

  it.each([
    ["a line that breaks", broken, "No network; try again later"],
    ["a page of a gateway", new Response("x", { status: 502 }), "No network; try again later"],
    ["a refusal", refused(422, "not_allowed"), whatOf("not_allowed", "en")],
  ])("keeps what was typed after %s, and can be tried again", async (_, answer, words) => {
    house({ [SHEET]: asked(), [ANSWER]: answer });
    const { page } = await shown(Confirm, { language: "en" });
    await sign(page, "张三");
    expect(page.get("[role=alert]").text()).toContain(words);
    expect((page.get("[name=signer]").element as HTMLInputElement).value).toBe("张三");
    expect(page.get("[data-test=confirm]").attributes("disabled")).toBeUndefined();
  });

  it("begins anew where the board is wiped", async () => {
    const clear = vi.spyOn(SignatureBoard.prototype, "clear");
    house({ [SHEET]: asked() });
    const { page } = await shown(Confirm);
    await press(page, ".hint button");
    expect(clear).toHaveBeenCalledTimes(1);
  });
});

describe("objecting", () => {
  it("sends the customer's words and says that somebody will call", async () => {
    const all = house({ [SHEET]: asked(), [ANSWER]: { outcome: "objected" } });
    const { page } = await shown(Confirm, { language: "en" });
    await object(page, " It still leaks ");
    expect(all[1]!.body).toEqual({
      token: "tok-1",
      sheet_sha256: "abc",
      agrees: false,
      words: "It still leaks",
    });
    expect(page.get("[data-test=outcome] h2").text()).toBe("We have your words");
  });

  it("without words sends nothing", async () => {
    const all = house({ [SHEET]: asked() });
    const { page } = await shown(Confirm);
    await object(page, "  ");
    expect(all).toHaveLength(1);
    expect(page.get("[role=alert]").text()).toBe("请写明哪里不对");
  });

  it("can be left again, to the sheet as it is by then", async () => {
    const all = house({ [SHEET]: asked() });
    const { page } = await shown(Confirm);
    await press(page, "[data-test=object]");
    expect(page.find("canvas").exists()).toBe(false);
    await press(page, "form button:not([type=submit])");
    expect(page.find("canvas").exists()).toBe(true);
    expect(all).toHaveLength(2);
  });
});
