/** Voiding from the page of records, and small helpers of the pages of settings. */
import { ElMessageBox } from "element-plus";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";

import { me } from "../src/api.ts";
import LinkDialog from "../src/parts/LinkDialog.vue";
import { asked, done, is, readUnits, unitName, units } from "../src/settings.ts";
import Records from "../src/views/Records.vue";
import {
  house,
  overheard,
  press,
  refused,
  rowsOf,
  shown,
  signedIn,
  whatOf,
  writes,
} from "./console_screen.ts";

const ROW = { id: "j1", version: 2, number: "W1", description: "录错了" };

beforeEach(() => signedIn("supervisor"));
afterEach(() => {
  me.signed = null;
  units.value = [];
});

function writing(value: string | null): void {
  const spy = vi.spyOn(ElMessageBox, "prompt");
  if (value === null) spy.mockRejectedValue("cancel");
  else spy.mockResolvedValue({ value, action: "confirm" } as never);
  onTestFinished(() => spy.mockRestore());
}

async function records(answers: Parameters<typeof house>[0] = {}) {
  const said = overheard();
  const all = house({
    "GET /api/v1/work-orders": rowsOf(ROW),
    "GET /api/v1/work-orders/j1/history": [],
    ...answers,
  });
  const { page } = await shown(Records, { at: "/records?kind=work_order" });
  await press(page, "[data-test=records] tbody tr");
  return { page, said, all };
}

describe("voiding a record", () => {
  it("needs a reason, and reads the list anew", async () => {
    writing(" 录错了 ");
    const { page, all } = await records({
      "PUT /api/v1/voids/work_order/j1": new Response(null, { status: 204 }),
    });
    await press(page, "[data-test=void]");
    expect(writes(all).map((one) => [one.path, one.body])).toEqual([
      ["/api/v1/voids/work_order/j1", { reason: "录错了" }],
    ]);
    expect(all.filter((one) => one.path.startsWith("/api/v1/work-orders?"))).toHaveLength(2);
  });

  it("is left alone by who goes back", async () => {
    writing(null);
    const { page, all } = await records();
    await press(page, "[data-test=void]");
    expect(writes(all)).toEqual([]);
  });

  it("says why it cannot be: others point at it", async () => {
    writing("录错了");
    const { page, said } = await records({ "PUT /api/v1/voids/work_order/j1": refused(409, "in_use") });
    await press(page, "[data-test=void]");
    expect(said.error[0]).toContain(whatOf("in_use", "zh"));
    expect(page.find("[data-test=record]").exists()).toBe(true);
  });

  it.each([
    ["dispatcher", false],
    ["auditor", false],
    ["admin", true],
  ])("is offered to a %s: %s", async (role, isOffered) => {
    signedIn(role);
    const { page } = await records();
    expect(page.find("[data-test=void]").exists()).toBe(isOffered);
  });
});

describe("what the pages of settings share", () => {
  it("knows roles, and nobody's before the sign-in", () => {
    expect([is("supervisor"), is("admin"), is("admin", "supervisor")]).toEqual([true, false, true]);
    me.signed = null;
    expect(is("supervisor")).toBe(false);
  });

  it("has one's own unit first, and names them", async () => {
    house({ "GET /api/v1/units": rowsOf({ id: "a", name: "一所" }, { id: "u", name: "集团" }) });
    await readUnits();
    expect(units.value.map((one) => one["name"])).toEqual(["集团", "一所"]);
    expect([unitName("a"), unitName("x")]).toEqual(["一所", "—"]);
    house({ "GET /api/v1/units": refused(503, "not_ready") });
    await readUnits();
    expect(units.value).toEqual([]);
  });

  it("does something or says why not", async () => {
    const said = overheard();
    expect(await done(Promise.resolve(), "en")).toBe(true);
    expect(await done(Promise.reject(new TypeError("no network")), "en")).toBe(false);
    expect(said.error).toEqual(["The server does not answer; try again"]);
  });

  it("asks for a sentence, without the blanks round it", async () => {
    writing("  why  ");
    expect(await asked("?")).toBe("why");
    writing(null);
    expect(await asked("?")).toBeNull();
  });
});

describe("a link that is shown once", () => {
  it.each([
    ["zh", true, "已复制"],
    ["en", true, "Copied"],
    ["zh", false, "请选中后复制"],
    ["en", false, "Mark it and copy it yourself"],
  ] as const)("is copied where the browser lets us, in %s: %s", async (language, isLet, words) => {
    const copied: string[] = [];
    const writeText = (text: string): Promise<void> => {
      copied.push(text);
      return isLet ? Promise.resolve() : Promise.reject(new Error("no"));
    };
    vi.stubGlobal("navigator", { ...navigator, clipboard: { writeText } });
    onTestFinished(() => void vi.unstubAllGlobals());
    const { ElMessage } = await import("element-plus");
    const told: string[] = [];
    for (const tone of ["success", "info"] as const) {
      const spy = vi.spyOn(ElMessage, tone).mockImplementation(((text: unknown) => {
        told.push(String(text));
        return { close: () => undefined };
      }) as never);
      onTestFinished(() => spy.mockRestore());
    }
    const { page } = await shown(LinkDialog, { props: { url: "https://house/m/invitation#t" }, language });
    await press(page, "[data-test=copy]");
    expect(copied).toEqual(["https://house/m/invitation#t"]);
    expect(told).toEqual([words]);
  });
});
