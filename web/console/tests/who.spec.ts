/** The public's page: who answers for an address, asked by words, by where one is, or by a card's code. */
import { flushPromises } from "@vue/test-utils";
import { afterEach, describe, expect, it, vi } from "vitest";

import Who from "../src/views/Who.vue";
import { broken, held, house, press, shown } from "./console_screen.ts";

const ASKED = "GET /api/v1/public/responsible";
const someone = (name: string, more = {}) => ({ name, work_phone: "0532-1", hours: "8:30–17:30", ...more });
const nobody = (status: number) =>
  Response.json(
    {
      code: "not_found",
      title: "没有这个地址",
      remedy: "请写明门牌号",
      title_en: "No such address",
      remedy_en: "Give the house number",
    },
    { status },
  );

afterEach(() => {
  history.replaceState(null, "", "/");
  vi.unstubAllGlobals();
});

async function find(page: Awaited<ReturnType<typeof shown>>["page"], words: string): Promise<void> {
  await page.get("[name=address]").setValue(words);
  await page.get("form").trigger("submit");
  await flushPromises();
}

describe("the question who is responsible", () => {
  it("asks nothing by itself, and shows neither a person nor a problem", async () => {
    const asked = house({});
    const { page } = await shown(Who);
    expect(asked).toHaveLength(0);
    expect(page.findAll("[data-test=who], [data-test=problem]")).toHaveLength(0);
    expect(page.get("h1").text()).toBe("找我的客户代表");
  });

  it.each(["青岛市香港中路 10 号", "乌鲁木齐市中山路 3 号", "12 Harbour Road & Co. #4"])(
    "sends %s as it was typed",
    async (address) => {
      const asked = house({ [ASKED]: someone("王芳") });
      const { page } = await shown(Who);
      await find(page, address);
      expect(new URL(asked[0]!.path, location.origin).searchParams.get("address")).toBe(address);
      expect(asked[0]!.headers.get("Authorization")).toBeNull();
    },
  );

  it("is answered by a name, a number to call and hours", async () => {
    house({ [ASKED]: someone("王芳") });
    const { page } = await shown(Who);
    await find(page, "香港中路 10 号");
    expect(page.get("[data-test=who] h2").text()).toBe("王芳");
    expect(page.get("[data-test=who] a").attributes("href")).toBe("tel:0532-1");
    expect(page.text()).toContain("服务时间：8:30–17:30");
  });

  it("shows no line for what there is not", async () => {
    house({ [ASKED]: someone("王芳", { work_phone: null, hours: null }) });
    const { page } = await shown(Who);
    await find(page, "香港中路 10 号");
    expect(page.findAll("[data-test=who] p")).toHaveLength(0);
  });

  it("is refused in the server's words, which turn with the reader's language", async () => {
    house({ [ASKED]: nobody(404) });
    const { page } = await shown(Who);
    await find(page, "不知道的路");
    expect(page.get("[role=alert]").text()).toBe("没有这个地址。请写明门牌号");
    await press(page, ".language");
    expect(page.get("[role=alert]").text()).toBe("No such address. Give the house number");
    expect(page.get("h1").text()).toBe("Find my representative");
    expect(document.documentElement.lang).toBe("en");
  });

  it.each([
    ["a line that breaks", broken],
    ["something between that answers in HTML", new Response("<h1>502</h1>", { status: 502 })],
    ["an answer that cannot be read", new Response("<h1>hello</h1>")],
  ])("sends people to the hotline after %s", async (_, answer) => {
    house({ [ASKED]: answer });
    const { page } = await shown(Who, { language: "en" });
    await find(page, "Harbour Road");
    expect(page.get("[role=alert]").text()).toBe("Nobody found: please call the hotline");
  });

  it("takes away what was found before the next is asked", async () => {
    const late = held(someone("李雷"));
    house({
      [ASKED]: ({ path }: { path: string }) => (path.includes("first") ? someone("王芳") : late.answer()),
    });
    const { page } = await shown(Who);
    await find(page, "first");
    await find(page, "second");
    expect(page.find("[data-test=who]").exists()).toBe(false);
    await late.go();
    expect(page.get("[data-test=who] h2").text()).toBe("李雷");
  });

  it("is not answered for an address that was left meanwhile", async () => {
    const late = held(someone("王芳"));
    house({
      [ASKED]: ({ path }: { path: string }) => (path.includes("first") ? late.answer() : someone("李雷")),
    });
    const { page } = await shown(Who);
    await find(page, "first");
    await find(page, "second");
    await late.go();
    expect(page.get("[data-test=who] h2").text()).toBe("李雷");
  });
});

describe("a place instead of words", () => {
  const device = (getCurrentPosition: Geolocation["getCurrentPosition"]) =>
    Object.defineProperty(navigator, "geolocation", { value: { getCurrentPosition }, configurable: true });

  it("is where the reader stands, in whatever city", async () => {
    device((found) => found({ coords: { longitude: 87.61, latitude: 43.82 } } as never));
    const asked = house({ [ASKED]: someone("古丽") });
    const { page } = await shown(Who);
    await press(page, "[data-test=here]");
    expect(asked[0]!.path).toContain("lng=87.61&lat=43.82");
    expect(page.get("[data-test=who] h2").text()).toBe("古丽");
  });

  it("that the device does not tell is said so, and nothing is asked", async () => {
    device((_, failed) => failed!({} as never));
    const asked = house({});
    const { page } = await shown(Who, { language: "en" });
    await press(page, "[data-test=here]");
    expect(page.get("[role=alert]").text()).toBe("No position could be had");
    expect(asked).toHaveLength(0);
  });

  it("comes with the code on a card, and is asked for at once", async () => {
    history.replaceState(null, "", "/who?lng=120.38&lat=36.07");
    const asked = house({ [ASKED]: someone("王芳") });
    const { page } = await shown(Who);
    expect(asked.map((one) => one.path)).toEqual(["/api/v1/public/responsible?lng=120.38&lat=36.07"]);
    expect(page.get("[data-test=who] h2").text()).toBe("王芳");
  });

  it("of half a code is none", async () => {
    history.replaceState(null, "", "/who?lng=120.38");
    const asked = house({});
    await shown(Who);
    expect(asked).toHaveLength(0);
  });

  it("prints the card that was found", async () => {
    const print = vi.fn();
    vi.stubGlobal("print", print);
    house({ [ASKED]: someone("王芳") });
    const { page } = await shown(Who);
    await find(page, "香港中路 10 号");
    await press(page, "[data-test=who] button");
    expect(print).toHaveBeenCalledTimes(1);
  });
});
