/** A map file to be read: what is asked beside it, and that nothing is lost when it cannot be. */
import { beforeEach, describe, expect, it } from "vitest";

import ImportMap from "../src/parts/ImportMap.vue";
import {
  broken,
  choose,
  held,
  house,
  press,
  put,
  refused,
  shown,
  signedIn,
  whatOf,
} from "./console_screen.ts";

const ASKED = "POST /api/v1/territory/imports";
const PLAN = { id: "p", way: "import", state: "waiting", done_share: 0 };
const map = (name = "格 1.geojson", text = '{"type":"FeatureCollection"}'): File => new File([text], name);
const query = (path: string) => Object.fromEntries(new URL(path, location.origin).searchParams);

beforeEach(() => signedIn("admin"));

async function dialog(answer: unknown, language: "zh" | "en" = "zh", unit = "u") {
  const asked = house({ [ASKED]: answer });
  const { page } = await shown(ImportMap, { props: { unit }, language, without: ["ElSelect"] });
  await press(page, "[data-test=import]");
  return { asked, page };
}

describe("a map file", () => {
  it("is wanted before anything can be sent", async () => {
    const { asked, page } = await dialog(PLAN);
    expect(page.get("[data-test=send-import]").attributes("disabled")).toBe("");
    await press(page, "[data-test=send-import]");
    expect(asked).toHaveLength(0);
  });

  it("that was taken away again is wanted once more", async () => {
    const { page } = await dialog(PLAN);
    await put(page.get("[name=map]"), map());
    expect(page.get("[data-test=send-import]").attributes("disabled")).toBeUndefined();
    await put(page.get("[name=map]"));
    expect(page.get("[data-test=send-import]").attributes("disabled")).toBe("");
  });

  it("goes as it is, with its name and datum, and nothing that was left empty", async () => {
    const { asked, page } = await dialog(PLAN);
    await put(page.get("[name=map]"), map());
    await press(page, "[data-test=send-import]");
    expect(query(asked[0]!.path)).toEqual({ unit_id: "u", filename: "格 1.geojson", datum: "wgs84" });
    expect(asked[0]!.body).toBe('{"type":"FeatureCollection"}');
    expect(asked[0]!.headers.get("Content-Type")).toBe("application/octet-stream");
    expect(page.emitted("made")).toEqual([[PLAN]]);
  });

  it("of another city goes with its coordinates, layer and fields", async () => {
    const { asked, page } = await dialog(PLAN, "en", "chengdu");
    await put(page.get("[name=map]"), map("成都.zip"));
    await choose(page, "Datum", "gcj02");
    await page.get("[name=crs]").setValue("EPSG:4543");
    await page.get("[name=layer]").setValue("网格");
    await page.get("[name=name_field]").setValue("名称");
    await page.get("[name=code_field]").setValue(" ");
    await press(page, "[data-test=send-import]");
    expect(query(asked[0]!.path)).toEqual({
      unit_id: "chengdu",
      filename: "成都.zip",
      datum: "gcj02",
      crs: "EPSG:4543",
      layer: "网格",
      name_field: "名称",
    });
  });

  it("is sent once, however often one presses meanwhile", async () => {
    const late = held(PLAN);
    const { asked, page } = await dialog(late.answer);
    await put(page.get("[name=map]"), map());
    await press(page, "[data-test=send-import]");
    await press(page, "[data-test=send-import]");
    await late.go();
    expect([asked.length, page.emitted("made")?.length]).toEqual([1, 1]);
  });

  it.each([
    ["zh", refused(422, "not_allowed"), whatOf("not_allowed", "zh")],
    ["en", refused(422, "not_allowed"), whatOf("not_allowed", "en")],
    ["zh", broken, "服务器没有回答，请稍后再试"],
    ["en", new Response("<h1>413</h1>", { status: 413 }), "The server does not answer; try again"],
  ] as const)(
    "that is not taken says why in %s, and keeps what was asked",
    async (language, answer, words) => {
      const { asked, page } = await dialog(answer, language);
      await put(page.get("[name=map]"), map());
      await page.get("[name=crs]").setValue("EPSG:4549");
      await press(page, "[data-test=send-import]");
      expect(page.get("[data-test=import-problem]").text()).toContain(words);
      expect(page.emitted("made")).toBeUndefined();
      expect((page.get("[name=crs]").element as HTMLInputElement).value).toBe("EPSG:4549");
      await press(page, "[data-test=send-import]");
      expect(asked).toHaveLength(2);
    },
  );

  it("that is chosen anew takes the problem of the one before away", async () => {
    const { page } = await dialog(broken);
    await put(page.get("[name=map]"), map());
    await press(page, "[data-test=send-import]");
    await put(page.get("[name=map]"), map("other.kml"));
    expect(page.find("[data-test=import-problem]").exists()).toBe(false);
  });
});
