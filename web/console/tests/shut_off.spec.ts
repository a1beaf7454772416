/** Whom a shut pipe leaves without water: drawn as an area, a pipe or a point, in whatever city. */
import { beforeEach, describe, expect, it } from "vitest";

import type { Job } from "../src/live.ts";
import ShutOff from "../src/parts/ShutOff.vue";
import {
  broken,
  held,
  house,
  overheard,
  press,
  refused,
  shown,
  signedIn,
  tableOf,
  whatOf,
} from "./console_screen.ts";

const ASKED = "POST /api/v1/territory/affected";
const A: [number, number] = [104.06, 30.57];
const B: [number, number] = [104.07, 30.57];
const C: [number, number] = [104.07, 30.58];
const customer = (n: number, more = {}) => ({
  customer_id: `c${n}`,
  number: `K-${n}`,
  name: `客户${n}`,
  category: "household",
  phone: "1380000",
  address: "成都市人民南路",
  call_in_person: false,
  ...more,
});

beforeEach(() => signedIn("dispatcher"));

async function tool(
  points: [number, number][],
  answer: unknown = [],
  more: { job?: object; language?: "zh" | "en" } = {},
) {
  const said = overheard();
  const asked = house({ [ASKED]: answer });
  const props = { modelValue: true, points, job: more.job as Job | undefined };
  const { page } = await shown(ShutOff, { props, language: more.language ?? "zh" });
  return { said, asked, page };
}

describe("what is shut off", () => {
  it("is begun by a button, and ended with all that was drawn", async () => {
    const { page } = await tool([A]);
    await press(page, "[data-test=shut-stop]");
    expect([page.emitted("update:modelValue"), page.emitted("clear")?.length]).toEqual([[[false]], 1]);
    await page.setProps({ modelValue: false } as never);
    await press(page, "[data-test=shut-off]");
    expect(page.emitted("update:modelValue")!.at(-1)).toEqual([true]);
  });

  it("wants a place: nothing can be listed without one", async () => {
    const { page } = await tool([]);
    expect(page.get("[data-test=list-affected]").attributes("disabled")).toBe("");
  });

  it.each([
    ["a point", [A], { type: "Point", coordinates: A }],
    ["a pipe", [A, B], { type: "LineString", coordinates: [A, B] }],
    ["an area that is closed", [A, B, C], { type: "Polygon", coordinates: [[A, B, C, A]] }],
  ] as const)("is %s, with thirty metres around", async (_, points, area) => {
    const { asked, page } = await tool([...points]);
    await press(page, "[data-test=list-affected]");
    expect(asked[0]!.body).toEqual({ area, around_m: 30 });
  });

  it("is a pipe with three corners where no area is wanted", async () => {
    const { asked, page } = await tool([A, B, C]);
    await page.get("[type=checkbox]").setValue(false);
    await press(page, "[data-test=list-affected]");
    expect(asked[0]!.body).toMatchObject({ area: { type: "LineString", coordinates: [A, B, C] } });
  });

  it("is where the chosen job is, while nothing is drawn", async () => {
    const place = { type: "Point", coordinates: B };
    const { asked, page } = await tool([], [], { job: { place } });
    await press(page, "[data-test=list-affected]");
    expect(asked[0]!.body).toMatchObject({ area: place });
  });
});

describe("whom it concerns", () => {
  it("is a list of all, and says how many must be called", async () => {
    const many = Array.from({ length: 120 }, (_, n) => customer(n, { call_in_person: n < 3 }));
    const { page } = await tool([A], many, { language: "en" });
    await press(page, "[data-test=list-affected]");
    expect(page.text()).toContain("120 customers affected, 3 to be called in person");
    const rows = tableOf(page, "[data-test=affected]");
    expect(rows).toHaveLength(120);
    expect(rows.filter((one) => one[0] === "Call")).toHaveLength(3);
    expect(rows[0]![1]).toBe("客户0");
  });

  it("may be nobody", async () => {
    const { page } = await tool([A], []);
    await press(page, "[data-test=list-affected]");
    expect(tableOf(page, "[data-test=affected]")).toHaveLength(0);
  });

  it("is asked for once, however often one presses meanwhile", async () => {
    const late = held([]);
    const { asked, page } = await tool([A], late.answer);
    await press(page, "[data-test=list-affected]");
    await press(page, "[data-test=list-affected]");
    await late.go();
    expect(asked).toHaveLength(1);
  });

  it.each([
    ["zh", refused(403, "not_allowed"), whatOf("not_allowed", "zh")],
    ["en", refused(403, "not_allowed"), whatOf("not_allowed", "en")],
    ["en", broken, "The server does not answer; try again"],
  ] as const)("that cannot be told says why in %s, and shows no list", async (language, answer, words) => {
    const { said, page } = await tool([A], answer, { language });
    await press(page, "[data-test=list-affected]");
    expect(said.error.join()).toContain(words);
    expect(page.find("[data-test=affected]").exists()).toBe(false);
  });
});
