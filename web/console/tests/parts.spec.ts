/** Parts of the console as a person works them: rows of a form, crews that could go, a plan of cells. */
import { mount } from "@vue/test-utils";
import { beforeEach, describe, expect, it } from "vitest";
import { defineComponent, h, ref } from "vue";

import { makeI18n } from "@wangge/shared/i18n.ts";

import { en } from "../src/en/index.ts";
import type { Job } from "../src/live.ts";
import CrewCandidates, { type Candidate } from "../src/parts/CrewCandidates.vue";
import FieldInput from "../src/parts/FieldInput.vue";
import GroundPlan from "../src/parts/GroundPlan.vue";
import { fieldsOf } from "../src/record_fields.ts";
import { zh } from "../src/zh/index.ts";

beforeEach(() => localStorage.setItem("wangge.language", "zh"));
const global = () => ({ plugins: [makeI18n(zh, en)] });

describe("rows of a form", () => {
  const field = fieldsOf("questionnaire").find((one) => one.name === "rows")!;
  const value = ref<unknown>([]);
  const props = {
    field,
    label: "题目",
    choices: () => [],
    labelOf: (name: string) => name,
    place: "rows",
    faultAt: (place: string) => (place === "rows.1.name" ? "重名" : ""),
  };
  const Host = defineComponent(
    () => () =>
      h(FieldInput, {
        ...props,
        modelValue: value.value,
        "onUpdate:modelValue": (now: unknown) => (value.value = now),
      }),
  );
  const names = (): unknown[] => (value.value as Record<string, unknown>[]).map((one) => one["name"]);

  it("are added, named, moved and dropped, and a fault stands where it is", async () => {
    const page = mount(Host, { global: global() });
    await page.get("[data-test=add-rows]").trigger("click");
    await page.get("[data-test=add-rows]").trigger("click");
    await page.get("[data-test=rows-0] input[name=name]").setValue("leaks");
    await page.get("[data-test=rows-1] input[name=name]").setValue("litres");
    expect(names()).toEqual(["leaks", "litres"]);
    expect(page.get("[data-test=rows-1] [data-place='rows.1.name'] [role=alert]").text()).toBe("重名");
    expect(page.find("[data-test=rows-0] [role=alert]").exists()).toBe(false);
    const [up, down] = page.findAll("[data-test=rows-0] .tools:last-child button");
    expect([up!.attributes("disabled"), down!.attributes("disabled")]).toEqual(["", undefined]);
    await down!.trigger("click");
    expect(names()).toEqual(["litres", "leaks"]);
    await page.findAll("[data-test=rows-0] .tools:last-child button").at(-1)!.trigger("click");
    expect(names()).toEqual(["leaks"]);
  });
});

describe("the crews that could go", () => {
  const crew = (id: string, isFit: boolean): Candidate =>
    ({
      crew_id: id,
      crew_name: `第${id}班`,
      is_feasible: isFit,
      distance_m: 1540,
      arrives_at: "2026-12-01T01:05:00Z",
      reasons: [{ code: "x", is_good: isFit, zh: isFit ? "就近" : "没有技能", en: "x" }],
    }) as Candidate;

  it("say what speaks for and against them, and are given the job at a touch", async () => {
    const job = { crew_id: "2" } as Job;
    const page = mount(CrewCandidates, {
      props: { job, ranked: [crew("1", true), crew("2", false)], isPinned: false },
      global: global(),
    });
    const [first, second] = page.findAll("[data-test=candidates] > li");
    expect(first!.text()).toContain("1.5 km · 09:05");
    expect(first!.find(".good").text()).toBe("就近");
    expect([first!.classes("unfit"), second!.classes("unfit")]).toEqual([false, true]);
    // Who has it already is not given it again.
    expect(second!.get("[data-test=assign]").attributes("disabled")).toBe("");
    await first!.get("[data-test=assign]").trigger("click");
    expect(page.emitted("give")).toEqual([[crew("1", true)]]);
  });
});

describe("a plan of cells", () => {
  const figures = (gap: number, far: number | null) => ({
    before: { cells: 3, imbalance: 1.23456, overlap_m2: 0, gap_m2: 0 },
    after: { cells: 4, imbalance: 1.1, overlap_m2: 0, gap_m2: gap },
    moved_share: 0.125,
    far_m: far,
  });
  const plan = (changed: object) =>
    ({
      id: "p",
      way: "balanced",
      state: "ready",
      done_share: 1,
      problem: null,
      findings: [],
      ...changed,
    }) as never;

  it("marks what became worse, and forgets what was agreed to of another plan", async () => {
    const page = mount(GroundPlan, {
      props: { plan: plan({ figures: figures(20_000, 5_000) }), isBusy: false, validFrom: null },
      global: global(),
    });
    expect(page.get("h2").text()).toBe("均衡划分");
    expect(page.get("[data-test=gap_m2]").classes("bad")).toBe(true);
    expect(page.get("[data-test=gap_m2]").text()).toBe("0.02 km²");
    expect(page.get("[data-test=overlap_m2]").classes("bad")).toBe(false);
    expect(page.text()).toContain("12.5 %");
    await page.get("[data-test=accept-far] input").setValue(true);
    await page.get("[data-test=accept]").trigger("click");
    await page.setProps({ plan: plan({ id: "q", figures: figures(0, 5_000) }) });
    await page.get("[data-test=accept]").trigger("click");
    expect(page.emitted("accept")).toEqual([
      [false, true],
      [false, false],
    ]);
  });

  it("asks about far ground only where there is some", () => {
    const near = mount(GroundPlan, {
      props: { plan: plan({ figures: figures(0, null) }), isBusy: false, validFrom: null },
      global: global(),
    });
    expect(near.find("[data-test=accept-far]").exists()).toBe(false);
  });
});
