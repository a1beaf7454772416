/** The public's check of a service sheet: by the code on it, or by its file; the answer names nobody. */
import { afterEach, describe, expect, it } from "vitest";

import Verify from "../src/views/Verify.vue";
import { broken, house, press, put, refused, shown } from "./console_screen.ts";

const ASKED = "POST /api/v1/public/sheets/verification";
const verdict = (more = {}) => ({
  verdict: "genuine",
  signed_at: "2026-12-01T01:05:00Z",
  way: "door",
  device_check: "valid",
  differs: [],
  covers: [],
  ...more,
});
const file = (text: string): File => new File([text], "sheet.json", { type: "application/json" });
const scan = (): void => history.replaceState(null, "", "/verify?s=sig&h=abc");

afterEach(() => history.replaceState(null, "", "/"));

describe("a sheet whose code was scanned", () => {
  it("is checked at once, by its number and its sum alone", async () => {
    scan();
    const asked = house({ [ASKED]: verdict() });
    const { page } = await shown(Verify);
    expect(asked).toHaveLength(1);
    expect(asked[0]!.body).toEqual({ signature_id: "sig", sha256: "abc" });
    expect(asked[0]!.headers.get("Authorization")).toBeNull();
    expect(page.get("[data-test=verdict] h2").text()).toBe("真实，未改动");
    expect(page.get("[data-test=verdict]").classes()).toContain("genuine");
  });

  it.each([
    ["genuine", "zh", "真实，未改动"],
    ["genuine", "en", "Genuine and unchanged"],
    ["changed", "zh", "内容已改动"],
    ["changed", "en", "Changed"],
    ["unknown", "zh", "查无此签名"],
    ["unknown", "en", "Unknown"],
  ] as const)("that is %s is said so in %s", async (found, language, words) => {
    scan();
    house({ [ASKED]: verdict({ verdict: found }) });
    const { page } = await shown(Verify, { language });
    expect(page.get("[data-test=verdict] h2").text()).toBe(words);
    expect(page.get("[data-test=verdict]").classes()).toContain(found);
  });

  it("says when it was signed by the city's clock, with the year", async () => {
    scan();
    house({ [ASKED]: verdict() });
    const { page } = await shown(Verify);
    expect(page.get("[data-test=verdict]").text()).toContain("签字时间：2026年12月1日 09:05");
  });

  it("says nothing of what is not known of it", async () => {
    scan();
    house({ [ASKED]: verdict({ verdict: "unknown", signed_at: null, way: null, device_check: null }) });
    const { page } = await shown(Verify);
    expect(page.findAll("[data-test=verdict] p")).toHaveLength(1);
  });

  it("names what differs by the fields' words, and what is no field as it came", async () => {
    scan();
    house({ [ASKED]: verdict({ verdict: "changed", differs: ["work_order.result", "photos"] }) });
    const { page } = await shown(Verify, { language: "en" });
    const words = page.get("[data-test=differs]").text();
    expect(words).toMatch(/^Not as it was sealed：/);
    expect(words).toContain(", photos");
    expect(words).not.toContain("work_order");
  });

  it.each([
    ["zh", refused(422, "x"), "读不懂，请核对编号和文件"],
    ["en", refused(422, "x"), "It cannot be read: check the number and the file"],
    ["zh", broken, "没有网络，请稍后再试"],
    ["en", broken, "No network; try again later"],
  ] as const)("that cannot be checked says why in %s", async (language, answer, words) => {
    scan();
    house({ [ASKED]: answer });
    const { page } = await shown(Verify, { language });
    expect(page.get("[role=alert]").text()).toBe(words);
    expect(page.find("[data-test=verdict]").exists()).toBe(false);
  });

  it("turns its problem into the other language with the page", async () => {
    scan();
    house({ [ASKED]: broken });
    const { page } = await shown(Verify);
    await press(page, ".language");
    expect(page.get("[role=alert]").text()).toBe("No network; try again later");
    await press(page, ".language");
    expect(page.get("[role=alert]").text()).toBe("没有网络，请稍后再试");
  });

  it("is not checked by a number without its sum", async () => {
    history.replaceState(null, "", "/verify?s=sig");
    const asked = house({});
    const { page } = await shown(Verify);
    expect(asked).toHaveLength(0);
    expect((page.get("[name=signature]").element as HTMLInputElement).value).toBe("sig");
  });
});

describe("a sheet's file", () => {
  it("is sent whole, with the number that was typed", async () => {
    const asked = house({ [ASKED]: verdict() });
    const { page } = await shown(Verify);
    await page.get("[name=signature]").setValue("  sig ");
    await put(page.get("[type=file]"), file('{"number":"W-1","address":"成都市人民南路"}'));
    expect(asked[0]!.body).toEqual({
      signature_id: "sig",
      sheet: { number: "W-1", address: "成都市人民南路" },
    });
    expect(page.get("[data-test=verdict]").classes()).toContain("genuine");
  });

  it.each(["", "not json", "12", "null", '"text"'])("that holds %j is not sent", async (text) => {
    const asked = house({});
    const { page } = await shown(Verify);
    await put(page.get("[type=file]"), file(text));
    expect(asked).toHaveLength(0);
    expect(page.get("[role=alert]").text()).toBe("读不懂，请核对编号和文件");
  });

  it("takes the answer about the one before away", async () => {
    scan();
    let isFirst = true;
    house({ [ASKED]: () => (isFirst ? verdict() : refused(422, "x")) });
    const { page } = await shown(Verify);
    isFirst = false;
    await put(page.get("[type=file]"), file("{}"));
    expect(page.find("[data-test=verdict]").exists()).toBe(false);
    expect(page.find("[role=alert]").exists()).toBe(true);
  });

  it("that was not chosen after all asks nothing", async () => {
    const asked = house({});
    const { page } = await shown(Verify);
    await put(page.get("[type=file]"));
    expect([asked.length, page.find("[role=alert]").exists()]).toEqual([0, false]);
  });
});
