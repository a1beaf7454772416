/** A contractor's page: one job by one link; what was found and done, photos, and the steps of its life. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import Contractor from "../src/views/Contractor.vue";
import { type Asked, broken, held, house, press, put, refused, shown, whatOf } from "./console_screen.ts";

const JOB = "POST /api/v1/contractors/job";
const STEPS = "POST /api/v1/contractors/job/steps";
const PHOTOS = "POST /api/v1/contractors/job/photos";
const finish = { name: "finish", zh: "完工", en: "Finish", needs: ["diagnosis", "result"] };
const pause = { name: "pause", zh: "挂起", en: "Pause", needs: ["pause_reason"] };
const errand = (job = {}, more = {}) => ({
  job: {
    id: "j",
    number: "W-1",
    state: "in_progress",
    address: "香港中路 1 号",
    description: "漏水",
    due_at: "2026-12-01T05:00:00Z",
    place: { type: "Point", coordinates: [120.38, 36.07] },
    site_card: { customer_name: "张三", phone: "13800000000", access_note: "按 3 号门铃" },
    required_photos: 2,
    tellings: [],
    told_minutes: null,
    ...job,
  },
  matter_zh: "漏水抢修",
  matter_en: "Leak",
  person: "外协一队",
  photos: 1,
  steps: [finish, pause],
  until: "2026-12-02T00:00:00Z",
  confirmation: null,
  ...more,
});
const bytes = (...head: number[]): File => new File([new Uint8Array(head)], "p.jpg");
const heic = (): File => bytes(0, 0, 0, 24, ...[..."ftypheic"].map((one) => one.charCodeAt(0)), 0, 0, 0, 0);

beforeEach(() => {
  location.hash = "#tok-1";
  vi.stubGlobal("createImageBitmap", () => Promise.reject(new Error("cannot be drawn")));
});
afterEach(() => {
  location.hash = "";
  vi.unstubAllGlobals();
});

async function page(answers: Parameters<typeof house>[0] = {}, language: "zh" | "en" = "zh") {
  const asked = house({ [JOB]: errand(), ...answers });
  return { asked, page: (await shown(Contractor, { language })).page };
}

describe("a contractor's job", () => {
  it("is asked for with the link's secret in a header, never in an address", async () => {
    const { asked } = await page();
    expect(asked[0]!.headers.get("Authorization")).toBe("Bearer tok-1");
    expect(asked[0]!.path).toBe("/api/v1/contractors/job");
  });

  it("says where, for whom, how to get in and by when, by the city's clock", async () => {
    const { page: found } = await page();
    const text = found.get("[data-test=errand]").text();
    for (const words of ["香港中路 1 号", "张三", "按 3 号门铃", "漏水", "12/1 13:00"])
      expect(text).toContain(words);
    const links = found.findAll("[data-test=errand] a").map((one) => one.attributes("href"));
    expect(links).toEqual(["geo:36.07,120.38", "tel:13800000000"]);
    expect(found.get("[data-test=photos]").text()).toBe("1 / 2");
  });

  it("has no line for what is not known, and one in another city its own place", async () => {
    const place = { type: "Point", coordinates: [104.066, 30.572] };
    const bare = errand({ site_card: null, description: null, required_photos: 0, place });
    const { page: found } = await page({ [JOB]: bare }, "en");
    expect(found.get("h1").text()).toBe("Leak");
    expect(found.findAll("[data-test=errand] a").map((one) => one.text())).toEqual(["30.57200, 104.06600"]);
    expect(found.get("[data-test=photos]").text()).toBe("1");
  });

  it.each(["zh", "en"] as const)(
    "by a link that has ended shows nothing but that, in %s",
    async (language) => {
      const { page: found } = await page({ [JOB]: refused(410, "link_ended") }, language);
      expect(found.get("[role=alert]").text()).toContain(whatOf("link_ended", language));
      expect(found.find("[data-test=errand]").exists()).toBe(false);
    },
  );

  it("without a secret is not asked for", async () => {
    location.hash = "";
    const { asked, page: found } = await page();
    expect(asked).toHaveLength(0);
    expect(found.find("[role=alert]").exists()).toBe(true);
  });

  it.each([
    ["a line that breaks", broken],
    ["a page of a gateway", new Response("x", { status: 502 })],
  ])("is not there after %s, and that is said", async (_, answer) => {
    const { page: found } = await page({ [JOB]: answer });
    expect(found.get("[role=alert]").text()).toBe("没有网络，请稍后再试");
  });

  it.each(["sent", "by_office"])("that is over says how the customer confirms (%s)", async (confirmation) => {
    const { page: found } = await page({ [JOB]: errand({ state: "done" }, { steps: [], confirmation }) });
    expect(found.find("[data-test=over]").exists()).toBe(true);
    expect(found.get("[data-test=confirmation]").text().length).toBeGreaterThan(5);
    expect(found.find("form").exists()).toBe(false);
  });

  it("is not written to before somebody is there", async () => {
    const { page: found } = await page({ [JOB]: errand({ state: "accepted" }) });
    expect(found.findAll("[name=result], [name=photo], [data-test=tellings]")).toHaveLength(0);
    expect(found.find("[name=reason]").exists()).toBe(true);
  });
});

describe("a step", () => {
  it("that lacks something says which field, and is not sent", async () => {
    const { asked, page: found } = await page();
    await found.get("[name=result]").setValue("换了阀门");
    await press(found, "[data-test=step-finish]");
    expect(asked).toHaveLength(1);
    expect(found.get("[role=alert]").text()).toMatch(/^请填写：./);
  });

  it("takes what was typed with it, and shows what came of it", async () => {
    const done = errand({ state: "done" }, { steps: [] });
    const { asked, page: found } = await page({ [STEPS]: done });
    await found.get("[name=diagnosis]").setValue("阀门坏");
    await found.get("[name=result]").setValue("换了阀门");
    await press(found, "[data-test=step-finish]");
    expect(asked[1]!.body).toEqual({ action: "finish", now: { diagnosis: "阀门坏", result: "换了阀门" } });
    expect(found.find("[data-test=over]").exists()).toBe(true);
  });

  it("twice in a hurry is sent once", async () => {
    const late = held(errand());
    const { asked, page: found } = await page({ [STEPS]: late.answer });
    await found.get("[name=reason]").setValue("待料");
    const button = found.get("[data-test=step-pause]");
    void button.trigger("click");
    await button.trigger("click");
    await late.go();
    expect(asked).toHaveLength(2);
  });

  it("of a pause gives its reason under the name that it needs, and forgets it then", async () => {
    const { asked, page: found } = await page({ [STEPS]: errand({ state: "paused" }) });
    await found.get("[name=reason]").setValue("待料");
    await press(found, "[data-test=step-pause]");
    expect(asked[1]!.body).toEqual({ action: "pause", now: { pause_reason: "待料" } });
    expect((found.get("[name=reason]").element as HTMLInputElement).value).toBe("");
  });

  it.each([
    ["a line that breaks", broken],
    ["a refusal", refused(409, "not_allowed")],
  ])("keeps the reason after %s", async (_, answer) => {
    const { page: found } = await page({ [STEPS]: answer });
    await found.get("[name=reason]").setValue("待料");
    await press(found, "[data-test=step-pause]");
    expect((found.get("[name=reason]").element as HTMLInputElement).value).toBe("待料");
    expect(found.find("[role=alert]").exists()).toBe(true);
  });

  it.each([
    ["zh", "太短"],
    ["en", "too short"],
  ] as const)("that is refused for a field says which and why in %s", async (language, words) => {
    const faults = [{ field: "result", zh: "太短", en: "too short" }];
    const { page: found } = await page({ [STEPS]: refused(422, "invalid", { faults }) }, language);
    await found.get("[name=reason]").setValue("x");
    await press(found, "[data-test=step-pause]");
    expect(found.get("[role=alert]").text()).toMatch(new RegExp(`：${words}$`));
  });
});

describe("time and cost told", () => {
  const told = { minutes: 40, cost_fen: 4550, told_to: "张三", way: "phone", at: "2026-12-01T01:05:00Z" };

  it("go with the step, to the customer of the card until somebody else is named", async () => {
    const { asked, page: found } = await page({ [STEPS]: errand() });
    await found.get("[name=told_minutes]").setValue("60");
    await found.get("[name=told_cost]").setValue("12.3");
    await found.get("[name=told_agreed][value=yes]").setValue(true);
    await found.get("[name=reason]").setValue("待料");
    await press(found, "[data-test=step-pause]");
    expect((asked[1]!.body as { now: object }).now).toMatchObject({
      told_minutes: 60,
      told_cost_fen: 1230,
      tellings: [{ told_to: "张三", way: "in_person", is_agreed: true }],
    });
  });

  it("are wanted whole: without an answer nothing is sent", async () => {
    const { asked, page: found } = await page();
    await found.get("[name=told_minutes]").setValue("60");
    await found.get("[name=told_cost]").setValue("12");
    await found.get("[name=reason]").setValue("待料");
    await press(found, "[data-test=step-pause]");
    expect(asked).toHaveLength(1);
    expect(found.get("[role=alert]").text()).toBe("请填写告知谁、方式和是否同意");
  });

  it("that were told before stand above, and another figure wants a reason", async () => {
    const { page: found } = await page({
      [JOB]: errand({ tellings: [{ ...told, is_agreed: true }], told_minutes: 40 }),
    });
    expect(found.get("[data-test=tellings]").text()).toContain("¥45.50、40 分钟");
    expect(found.find("[name=told_why]").exists()).toBe(false);
    await found.get("[name=told_minutes]").setValue("60");
    expect(found.find("[name=told_why]").exists()).toBe(true);
  });
});

describe("photos", () => {
  it("that this browser cannot read go as they are, each by itself, and are counted", async () => {
    let count = 1;
    const { asked, page: found } = await page({ [PHOTOS]: () => ({ photos: ++count }) });
    await put(found.get("[name=photo]"), heic(), heic());
    await vi.waitFor(() => expect(asked).toHaveLength(3), 20_000);
    expect(asked.slice(1).map((one) => one.path)).toEqual(
      Array(2).fill("/api/v1/contractors/job/photos?purpose=after"),
    );
    expect(asked[1]!.headers.get("Content-Type")).toBe("image/heic");
    await vi.waitFor(() => expect(found.get("[data-test=photos]").text()).toBe("3 / 2"), 20_000);
  });

  it("before the work are of how it was", async () => {
    const { asked, page: found } = await page({
      [JOB]: errand({ state: "arrived" }),
      [PHOTOS]: { photos: 2 },
    });
    await put(found.get("[name=photo]"), heic());
    await vi.waitFor(() => expect(asked).toHaveLength(2), 20_000);
    expect(asked[1]!.path).toContain("purpose=before");
  });

  it("that are none stop no other, and are still told at the end", async () => {
    const sent = (one: Asked): unknown => ({ photos: one.path.length > 0 ? 2 : 0 });
    const { asked, page: found } = await page({ [PHOTOS]: sent });
    await put(found.get("[name=photo]"), bytes(), bytes(0xff, 0xd8, 0xff), heic());
    await vi.waitFor(() => expect(asked).toHaveLength(2), 20_000);
    await vi.waitFor(
      () => expect(found.get("[role=alert]").text()).toContain(whatOf("empty_file", "zh")),
      20_000,
    );
    expect(found.get("[data-test=photos]").text()).toBe("2 / 2");
  });
});
