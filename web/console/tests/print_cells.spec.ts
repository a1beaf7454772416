/** The cells on paper: which size and format, which day, with phones or not. */
import { ElDatePicker } from "element-plus";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import PrintCells from "../src/parts/PrintCells.vue";
import { broken, choose, held, house, press, refused, shown, signedIn, whatOf } from "./console_screen.ts";

const ASKED = "GET /api/v1/papers/cell-maps/u";
const paper = () => new Response("bytes");

beforeEach(() => {
  signedIn("dispatcher");
  vi.spyOn(URL, "createObjectURL").mockReturnValue("blob:1");
  vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(() => undefined);
});
afterEach(() => vi.restoreAllMocks());

async function dialog(answer: unknown, language: "zh" | "en" = "zh", unit = "u") {
  const asked = house({ [ASKED]: answer, "GET /api/v1/papers/cell-maps/chengdu": answer });
  const { page } = await shown(PrintCells, {
    props: { unit },
    language,
    without: ["ElSelect", "ElDatePicker"],
  });
  await press(page, "[data-test=print-cells]");
  return { asked, page };
}
const query = (path: string) => Object.fromEntries(new URL(path, location.origin).searchParams);

describe("the cells on paper", () => {
  it("are asked for as an A4 of today, without anybody's phone", async () => {
    const { asked, page } = await dialog(paper());
    await press(page, "[data-test=print]");
    expect(asked).toHaveLength(1);
    expect(query(asked[0]!.path)).toEqual({ language: "zh", size: "a4", format: "pdf", phones: "false" });
  });

  it("come as they were chosen: size, picture, day and phones, in the reader's language", async () => {
    const { asked, page } = await dialog(paper(), "en", "chengdu");
    await choose(page, "Paper", "a3");
    await choose(page, "Format", "png");
    page.getComponent(ElDatePicker).vm.$emit("update:modelValue", "2026-12-24");
    await page.get("[data-test=print-phones] input").setValue(true);
    await press(page, "[data-test=print]");
    expect(asked[0]!.path).toMatch(/^\/api\/v1\/papers\/cell-maps\/chengdu\?/);
    expect(query(asked[0]!.path)).toEqual({
      language: "en",
      size: "a3",
      format: "png",
      phones: "true",
      on: "2026-12-24",
    });
  });

  it("are made once, however often they are asked for meanwhile", async () => {
    const late = held(paper());
    const { asked, page } = await dialog(late.answer);
    await press(page, "[data-test=print]");
    await press(page, "[data-test=print]");
    await late.go();
    expect(asked).toHaveLength(1);
  });

  it.each([
    ["zh", refused(403, "not_allowed"), whatOf("not_allowed", "zh")],
    ["en", refused(403, "not_allowed"), whatOf("not_allowed", "en")],
    ["zh", broken, "服务器没有回答，请稍后再试"],
    ["en", new Response("<h1>502</h1>", { status: 502 }), "The server does not answer; try again"],
  ] as const)(
    "that do not come say why in %s, and can be asked for again",
    async (language, answer, words) => {
      const { asked, page } = await dialog(answer, language);
      await press(page, "[data-test=print]");
      expect(page.get(".el-alert--error").text()).toContain(words);
      await press(page, "[data-test=print]");
      expect(asked).toHaveLength(2);
      expect(page.findAll(".el-alert--error")).toHaveLength(1);
    },
  );
});
