/** Each crew's day along the hours: where jobs stand, and what is dropped on whom. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { me } from "../src/api.ts";
import { type Crew, crews, type Job, live, matters } from "../src/live.ts";
import DayTimeline from "../src/parts/DayTimeline.vue";
import { type Page, shown, signedIn } from "./console_screen.ts";

// Eleven in the morning in the city.
const NOW = Date.parse("2026-12-01T03:00:00Z");
const crew = (id: string, more: Partial<Crew> = {}): Crew =>
  ({
    id,
    name: `${id}班`,
    shift_start: "08:00",
    shift_end: "17:00",
    jobs: 2,
    last_contact_at: null,
    on_call_until: null,
    ...more,
  }) as Crew;
const job = (id: string, more: Partial<Job> = {}): Job =>
  ({
    id,
    number: `W-${id}`,
    matter_id: "m",
    crew_id: "一",
    duration_minutes: 60,
    planned_at: null,
    ...more,
  }) as Job;

beforeEach(() => {
  signedIn("dispatcher");
  live.now = NOW;
  matters.value = new Map([["m", { name_zh: "漏水", name_en: "Leak" }]]);
  crews.value = [crew("一"), crew("二")];
});
afterEach(() => {
  me.signed = null;
  crews.value = [];
});

const day = async (jobs: Job[], language: "zh" | "en" = "zh", chosen = "") =>
  (await shown(DayTimeline, { props: { jobs, chosen }, language })).page;
const blocks = (page: Page, id = "一") => page.findAll(`[data-crew=${id}] button`);
const leftOf = (page: Page): number[] =>
  blocks(page).map((one) => Number(/left: ([\d.]+)%/.exec(one.attributes("style") ?? "")?.[1]));
const share = (hour: number): number => ((hour - 6) / 18) * 100;

describe("a crew's day", () => {
  it("has a lane for each crew, hundreds too, with hours from six on", async () => {
    crews.value = Array.from({ length: 200 }, (_, n) => crew(`k${n}`));
    const page = await day([]);
    expect(page.findAll(".lane")).toHaveLength(200);
    const hours = page.findAll(".hour").map((one) => one.text());
    expect([hours[0], hours.at(-1)]).toEqual(["6", "23"]);
  });

  it("begins at the hour that is, at night", async () => {
    live.now = Date.parse("2026-11-30T19:30:00Z");
    const page = await day([]);
    expect(page.get(".hour").text()).toBe("3");
  });

  it("has a planned job where it is planned, by the city's clock", async () => {
    const page = await day([job("1", { planned_at: "2026-12-01T06:00:00Z" })]);
    expect(leftOf(page)[0]).toBeCloseTo(share(14), 1);
    expect(blocks(page)[0]!.text()).toBe("漏水");
    expect(blocks(page, "二")).toHaveLength(0);
  });

  it("has what is not planned after now, and after what is", async () => {
    const page = await day([job("1"), job("2", { planned_at: "2026-12-01T03:00:00Z" }), job("3")]);
    expect(leftOf(page).map(Math.round)).toEqual([share(11), share(12), share(13)].map(Math.round));
  });

  it("leaves out what is planned for another day, and says how much that is", async () => {
    const later = job("1", { planned_at: "2026-12-02T03:00:00Z" });
    const page = await day([later, job("2")], "en");
    expect(blocks(page)).toHaveLength(1);
    expect(page.get("[data-crew=一]").text()).toContain("1 of them on later days");
    expect(page.get("[data-crew=二]").text()).not.toContain("later days");
  });

  it.each([
    ["zh", null, "从未联系"],
    ["en", null, "never heard"],
    ["en", "2026-12-01T02:50:00Z", "heard 10 min. ago"],
  ] as const)("says in %s when the crew was heard of (%s)", async (language, last_contact_at, words) => {
    crews.value = [crew("一", { last_contact_at })];
    expect((await day([], language)).get("[data-crew=一]").text()).toContain(words);
  });

  it("marks who is on call, and until when", async () => {
    crews.value = [crew("一", { on_call_until: "2026-12-01T23:00:00Z" }), crew("二")];
    const page = await day([], "en");
    expect(page.findAll(".onCall").map((one) => one.attributes("title"))).toEqual(["on call until 07:00"]);
  });
});

describe("a job on the timeline", () => {
  it("is chosen by a click, and stands out then and when it is urgent", async () => {
    const page = await day([job("1", { urgency: "urgent" }), job("2")], "zh", "2");
    const [first, second] = blocks(page);
    expect([first!.classes(), second!.classes()]).toEqual([["urgent"], ["chosen"]]);
    await first!.trigger("click");
    expect(page.emitted("update:chosen")).toEqual([["1"]]);
  });

  it("carries its name when it is dragged", async () => {
    const page = await day([job("1")]);
    const carried: string[] = [];
    await blocks(page)[0]!.trigger("dragstart", {
      dataTransfer: { setData: (_: string, text: string) => carried.push(text) },
    });
    expect(carried).toEqual(["1"]);
  });

  it.each([
    ["one", "1", [["二", ["1"]]]],
    ["several", "1,2", [["二", ["1", "2"]]]],
    ["nothing", "", undefined],
  ])("dropped on a crew is offered to it: %s", async (_, text, told) => {
    const page = await day([job("1"), job("2")]);
    await page.get("[data-crew=二]").trigger("drop", { dataTransfer: { getData: () => text } });
    expect(page.emitted("drop")).toEqual(told);
  });
});
