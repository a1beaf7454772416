/** Parts of the phone as a person works them: a questionnaire, a job's report and its signature. */
import { mount } from "@vue/test-utils";
import { beforeEach, describe, expect, it } from "vitest";

import { makeI18n } from "@wangge/shared/i18n.ts";
import type { Question } from "@wangge/shared/sync/forms.ts";

import { en } from "../src/en/index.ts";
import FormRunner from "../src/parts/FormRunner.vue";
import JobSignature from "../src/parts/JobSignature.vue";
import WorkReport from "../src/parts/WorkReport.vue";
import { zh } from "../src/zh/index.ts";

beforeEach(() => localStorage.setItem("wangge.language", "zh"));
const global = () => ({ plugins: [makeI18n(zh, en)] });

describe("a questionnaire", () => {
  const rows: Question[] = [
    { type: "integer", name: "people", label_zh: "人数", required: true },
    { type: "text", name: "why", label_zh: "为什么", relevant: "answers.people > 5" },
    { type: "satisfaction", name: "mood", label_zh: "满意度" },
  ];
  const runner = (start = {}) => mount(FormRunner, { props: { rows, start }, global: global() });
  const asked = (page: ReturnType<typeof runner>): (string | undefined)[] =>
    page.findAll("[data-question]").map((one) => one.attributes("data-question"));

  it("asks what the answers so far make it ask", async () => {
    const page = runner();
    expect(asked(page)).toEqual(["people", "mood"]);
    await page.get("[name=people]").setValue("６");
    expect(asked(page)).toEqual(["people", "why", "mood"]);
    await page.get("[name=why]").setValue("聚会");
    await page.get("[name=people]").setValue("5");
    expect(asked(page)).toEqual(["people", "mood"]);
    // What is not asked any more is not handed in, whatever was typed there.
    await page.get("[data-test=form-submit]").trigger("click");
    expect(page.emitted("submit")).toEqual([[{ people: 5 }]]);
  });

  it("names faults where they are once somebody tried, and hands nothing in", async () => {
    const page = runner();
    expect(page.find("[role=alert]").exists()).toBe(false);
    await page.get("[data-test=form-submit]").trigger("click");
    expect(page.get("[data-question=people] [role=alert]").text()).toBe("必填");
    await page.get("[name=people]").setValue("about six");
    expect(page.get("[data-question=people] [role=alert]").text()).toBe("请填写数字，如 12 或 7.5");
    await page.get("[name=people]").setValue("6.5");
    expect(page.get("[data-question=people] [role=alert]").text()).toBe("请填写整数");
    await page.get("[data-test=form-submit]").trigger("click");
    expect(page.emitted("submit")).toBeUndefined();
  });

  it("goes on with a draft and tells of every change", async () => {
    const page = runner({ people: 7, mood: "neutral" });
    expect(asked(page)).toContain("why");
    await page.get("[name=why]").setValue("聚会");
    expect(page.emitted("change")!.at(-1)).toEqual([{ people: 7, why: "聚会", mood: "neutral" }]);
  });
});

describe("a job's report", () => {
  it("takes one more part without touching the others", async () => {
    const parts = [{ name: "阀门", quantity: "2" }];
    const page = mount(WorkReport, {
      props: { diagnosis: "", result: "", remainder: "", parts },
      global: global(),
    });
    await page.get("button").trigger("click");
    expect(page.emitted("update:parts")).toEqual([[[...parts, { name: "", quantity: "" }]]]);
    await page.get("[name=result]").setValue("换阀");
    expect(page.emitted("update:result")).toEqual([["换阀"]]);
  });
});

describe("a job's signature", () => {
  const shown = (changed: object) =>
    mount(JobSignature, {
      props: {
        signer: null,
        isSigned: false,
        isStale: false,
        unsignedKind: "",
        unsignedReason: "",
        ...changed,
      },
      global: global(),
    });

  it("is asked for until it is there", async () => {
    const page = shown({});
    expect(page.find("p").exists()).toBe(false);
    await page.get("[data-test=sign]").trigger("click");
    expect(page.emitted("sign")).toHaveLength(1);
    expect(page.find("[name=unsigned]").exists()).toBe(false);
    expect(shown({ unsignedKind: "absent" }).find("[name=unsigned]").exists()).toBe(true);
  });

  it("must be given again when the sheet has changed, but not once it was handed in", () => {
    expect(shown({ signer: "王芳", isStale: true }).get("p.bad").text()).toBe("内容有改动，须重新签字");
    const done = shown({ signer: "王芳", isSigned: true });
    expect(done.get("p.good").text()).toBe("已签字：王芳");
    expect(done.find("[data-test=sign]").exists()).toBe(false);
  });
});
