/** Taking data away: what is chosen, what is being prepared, what can be had, and what went wrong. */
import { flushPromises } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { me } from "../src/api.ts";
import { sizeText } from "../src/sizes.ts";
import Exports from "../src/views/Exports.vue";
import { house, overheard, press, refused, shown, signedIn, sure, whatOf, writes } from "./console_screen.ts";

const contents = [
  { kind: "customer", count: 103847, has_places: false },
  { kind: "service_point", count: 12, has_places: true },
  { kind: "unit", count: 0, has_places: false },
];
const run = (state: string, more = {}) => ({
  id: "e1",
  unit_id: "u",
  kinds: ["customer", "service_point", "unit"],
  forms: ["csv", "photos"],
  state,
  done: 3,
  total: 12,
  size_bytes: null,
  problem: null,
  made_by_id: "me",
  made_at: "2026-12-01T03:00:00Z",
  ended_at: null,
  expires_at: null,
  ...more,
});
const READY = { size_bytes: 8, expires_at: "2026-12-02T03:00:00Z" };
const LIST = "GET /api/v1/exports";
const lists = (...runs: object[]) => ({ [LIST]: runs, "GET /api/v1/exports/contents": contents });

beforeEach(() => signedIn("admin"));
afterEach(() => {
  me.signed = null;
  vi.useRealTimers();
});

describe("the choice", () => {
  it("is administrators' alone: others are told, and nothing is asked for", async () => {
    signedIn("supervisor");
    const asked = house({});
    const { page } = await shown(Exports);
    expect(page.find('[data-test="not-yours"]').exists()).toBe(true);
    expect(asked).toEqual([]);
  });

  it("begins with all kinds, counted, and says so by naming none", async () => {
    const asked = house({ ...lists(), "POST /api/v1/exports": run("writing") });
    const { page } = await shown(Exports);
    expect(page.get('[data-test="kinds"]').text()).toContain("103,847");
    expect(page.get('[data-test="exports"]').text()).toContain("还没有导出过");
    await press(page, '[data-test="begin"]');
    expect(writes(asked)[0]!.body).toEqual({ kinds: [], forms: ["csv", "geojson", "history", "tables"] });
  });

  it("takes some of them", async () => {
    const asked = house({ ...lists(), "POST /api/v1/exports": run("writing") });
    const { page } = await shown(Exports, { language: "en" });
    await press(page, '[data-test="none"]');
    expect(page.get('[data-test="lacking"]').text()).toBe("Choose at least one kind of record");
    expect(page.get('[data-test="begin"]').attributes("disabled")).toBeDefined();
    await page.get('[data-test="kinds"] input[value="unit"]').setValue(true);
    await page.get('[data-test="forms"] input[value="history"]').setValue(false);
    await press(page, '[data-test="begin"]');
    expect(writes(asked)[0]!.body).toEqual({ kinds: ["unit"], forms: ["csv", "geojson", "tables"] });
  });

  it("needs no kinds for photos alone, and a form at least", async () => {
    house(lists());
    const { page } = await shown(Exports);
    await press(page, '[data-test="none"]');
    for (const one of ["csv", "geojson", "history", "tables"])
      await page.get(`[data-test="forms"] input[value="${one}"]`).setValue(false);
    expect(page.get('[data-test="lacking"]').text()).toBe("请至少选一种形式");
    await page.get('[data-test="forms"] input[value="photos"]').setValue(true);
    expect(page.find('[data-test="lacking"]').exists()).toBe(false);
    expect(page.find('[data-test="kinds"]').exists()).toBe(false);
  });

  it("is refused while another is being prepared by a colleague", async () => {
    house({ ...lists(), "POST /api/v1/exports": refused(409, "export_busy") });
    const { page } = await shown(Exports);
    const said = overheard();
    await press(page, '[data-test="begin"]');
    expect(said.error.join()).toContain(whatOf("export_busy", "zh"));
  });
});

describe("what is prepared", () => {
  it("shows how far it is until it is ready, then when it ends", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const answers: Record<string, unknown> = lists(run("writing"));
    const asked = house(answers);
    const { page } = await shown(Exports);
    const table = () => page.get('[data-test="exports"]').text();
    expect(table()).toContain("3 / 12 个文件");
    expect(page.get('[role="progressbar"]').attributes("aria-valuenow")).toBe("25");
    answers[LIST] = [run("ready", { ...READY, size_bytes: 3_456_789 })];
    await vi.advanceTimersByTimeAsync(1600);
    await flushPromises();
    expect(table()).toContain("可以下载");
    expect(table()).toContain("3.5 MB");
    expect(table()).toContain("12/2");
    const before = asked.length;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(asked.length).toBe(before);
  });

  it("goes on asking where an answer does not come, and says so meanwhile", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const answers: Record<string, unknown> = lists(run("writing"));
    house(answers);
    const { page } = await shown(Exports);
    answers[LIST] = refused(503, "unavailable");
    await vi.advanceTimersByTimeAsync(1600);
    await flushPromises();
    expect(page.find('[data-test="unread"]').exists()).toBe(true);
    answers[LIST] = [run("ready", READY)];
    await vi.advanceTimersByTimeAsync(1600);
    await flushPromises();
    expect(page.find('[data-test="unread"]').exists()).toBe(false);
    expect(page.find('[data-test="open"]').exists()).toBe(true);
  });

  it("says why one failed, in words", async () => {
    house(lists(run("failed", { problem: { code: "export_no_room" } })));
    for (const language of ["zh", "en"] as const) {
      const { page } = await shown(Exports, { language });
      expect(page.get('[data-test="failed"]').text()).toContain(whatOf("export_no_room", language));
    }
  });

  it("names kinds in words, the first three of many", async () => {
    const some = run("gone", { kinds: ["unit"], forms: ["csv"] });
    house(lists(some, run("gone", { id: "e2" })));
    const { page } = await shown(Exports);
    const said = page.get('[data-test="exports"]').text();
    expect(said).toContain("1 类记录：单位");
    expect(said).toContain("全部记录");
    expect(said).not.toContain("service_point");
    expect(page.find('[data-test="open"]').exists()).toBe(false);
  });
});

describe("a file", () => {
  it("is downloaded once, with how much came", async () => {
    URL.createObjectURL = vi.fn(() => "blob:x");
    URL.revokeObjectURL = vi.fn();
    const asked = house({
      ...lists(run("ready", READY)),
      "GET /api/v1/exports/e1/file": new Response("12345678"),
    });
    const saved = vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(() => undefined);
    const { page } = await shown(Exports);
    page.get('[data-test="open"]').trigger("click");
    await flushPromises();
    await vi.waitFor(() => expect(saved).toHaveBeenCalledTimes(1));
    await flushPromises();
    expect((saved.mock.contexts[0] as HTMLAnchorElement).download).toBe("wangge-2026-12-01-e1.zip");
    expect(asked.filter((one) => one.path.endsWith("/file")).length).toBe(1);
    saved.mockRestore();
  });

  it("that is gone meanwhile says so, and the list is read again", async () => {
    const answers: Record<string, unknown> = {
      ...lists(run("ready", READY)),
      "GET /api/v1/exports/e1/file": refused(409, "export_not_ready", { state: "gone" }),
    };
    house(answers);
    const { page } = await shown(Exports);
    answers[LIST] = [run("gone")];
    const said = overheard();
    await press(page, '[data-test="open"]');
    expect(said.error.join()).toContain(whatOf("export_not_ready", "zh"));
    expect(page.get('[data-test="exports"]').text()).toContain("已删除");
  });

  it("is deleted after being asked once more", async () => {
    const asked = house({
      ...lists(run("ready", READY)),
      "DELETE /api/v1/exports/e1": new Response(null, { status: 204 }),
    });
    const { page } = await shown(Exports);
    sure(false);
    await press(page, '[data-test="drop"]');
    expect(writes(asked)).toEqual([]);
    sure(true);
    await press(page, '[data-test="drop"]');
    expect(writes(asked).map((one) => one.method)).toEqual(["DELETE"]);
  });
});

it.each([
  [null, "—"],
  [0, "0"],
  [999, "999"],
  [1000, "1 kB"],
  [12_345_678, "12.3 MB"],
  [5.4e11, "540 GB"],
  [7e16, "70,000 TB"],
])("says a size of %s", (bytes, words) => {
  expect(sizeText(bytes, "en").replace("bytes", "").replace("byte", "").trim()).toBe(words);
});
