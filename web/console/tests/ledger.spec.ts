/** The office's hand on the ledger: new customers and points, merging two who are one, voiding. */
import { flushPromises } from "@vue/test-utils";
import { ElMessageBox, ElRadioGroup } from "element-plus";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";

import { me } from "../src/api.ts";
import CustomerTools from "../src/parts/CustomerTools.vue";
import FieldInput from "../src/parts/FieldInput.vue";
import MergeDialog from "../src/parts/MergeDialog.vue";
import { fieldsOf } from "../src/record_fields.ts";
import { units } from "../src/settings.ts";
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

const CUSTOMER = { id: "c1", unit_id: "b", version: 4, name: "张三", number: "K1", category: "resident" };
const PREVIEW = {
  kept: { id: "c1", number: "K1", name: "张三" },
  merged: { id: "c2", number: "K2", name: "张叁" },
  moves: { service_point: 1, visit: 2 },
  differs: [{ field: "name", kept: "张三", merged: "张叁" }],
};

beforeEach(() => signedIn("supervisor"));
afterEach(() => {
  me.signed = null;
  units.value = [];
});

const merging = (language: "zh" | "en" = "zh") =>
  shown(MergeDialog, { props: { kept: { id: "c1", name: "张三" } }, language, without: ["ElSelect"] });

describe("merging", () => {
  it.each([
    ["zh", "用水点 1 · 走访 2", "旧户号 K2 仍能查到"],
    ["en", "Service point 1 · Visit 2", "the old number K2 still finds it"],
  ] as const)("says what moves, asks what stays and why, in %s", async (language, moves, number) => {
    const asked = house({
      "GET /api/v1/customer-merges": PREVIEW,
      "POST /api/v1/customer-merges": { id: "c1", version: 9, former_numbers: ["K2"] },
    });
    const { page } = await merging(language);
    page.findComponent({ name: "ElSelect" }).vm.$emit("update:modelValue", "c2");
    await flushPromises();
    expect(asked[0]!.path).toBe("/api/v1/customer-merges?kept_id=c1&merged_id=c2");
    const told = page.get("[data-test=moves]").text().replace(/\s+/g, " ");
    expect(told).toContain(moves);
    expect(told).toContain(number);
    const button = () => page.get("[data-test=merge]").attributes("disabled");
    await page.get("[name=merge-reason]").setValue("同一户");
    expect(button()).toBeDefined();
    page.getComponent(ElRadioGroup).vm.$emit("update:modelValue", "merged");
    await flushPromises();
    expect(button()).toBeUndefined();
    await press(page, "[data-test=merge]");
    expect(writes(asked)[0]!.body).toEqual({
      kept_id: "c1",
      merged_id: "c2",
      reason: "同一户",
      values: { name: "张叁" },
    });
    expect(page.emitted("merged")).toHaveLength(1);
  });

  it("says why two cannot be merged", async () => {
    house({ "GET /api/v1/customer-merges": refused(403, "not_allowed") });
    const { page } = await merging();
    page.findComponent({ name: "ElSelect" }).vm.$emit("update:modelValue", "c2");
    await flushPromises();
    expect(page.text()).toContain(whatOf("not_allowed", "zh"));
    expect(page.get("[data-test=merge]").attributes("disabled")).toBeDefined();
  });
});

async function tools(answers: Parameters<typeof house>[0] = {}, customer: object | null = CUSTOMER) {
  const said = overheard();
  const asked = house({
    "GET /api/v1/units": rowsOf({ id: "u", name: "集团" }, { id: "b", name: "一所" }),
    "GET /api/v1/staff": rowsOf(),
    "GET /api/v1/cells": rowsOf({ id: "x", name: "一号网格" }),
    ...answers,
  });
  const { page } = await shown(CustomerTools, { props: { customer }, without: ["ElSelect"] });
  return { said, asked, page };
}

describe("the ledger", () => {
  it("has a new customer in the unit that was chosen", async () => {
    const { page, asked } = await tools({ "POST /api/v1/customers": CUSTOMER }, null);
    await press(page, "[data-test=new-customer]");
    expect(page.find("[data-test=field-unit_id]").exists()).toBe(true);
    await page.get("[name=number]").setValue("K9");
    await page.get("[name=name]").setValue("李四");
    await press(page, "[data-test=form-save]");
    expect(writes(asked)[0]!.body).toMatchObject({ unit_id: "u", number: "K9", name: "李四" });
    expect(page.emitted("saved")).toHaveLength(1);
  });

  it("has a new point of the customer, at a place that is typed", async () => {
    const { page, asked } = await tools({ "POST /api/v1/service-points": { id: "p" } });
    await press(page, "[data-test=new-point]");
    await page.get("[name=address]").setValue("香港路1号");
    await page.get("[name=place]").setValue("120.31, 36.06");
    await press(page, "[data-test=form-save]");
    expect(writes(asked)[0]!.body).toMatchObject({
      customer_id: "c1",
      unit_id: "b",
      address: "香港路1号",
      place: { type: "Point", coordinates: [120.31, 36.06] },
    });
  });

  it.each(["录错了", null])("voids a customer where somebody says why: %s", async (why) => {
    const spy = vi.spyOn(ElMessageBox, "prompt");
    if (why === null) spy.mockRejectedValue("cancel");
    else spy.mockResolvedValue({ value: why, action: "confirm" } as never);
    onTestFinished(() => spy.mockRestore());
    const { page, asked } = await tools({
      "PUT /api/v1/voids/customer/c1": new Response(null, { status: 204 }),
    });
    await press(page, "[data-test=void-customer]");
    expect(writes(asked).map((one) => one.body)).toEqual(why ? [{ reason: why }] : []);
    expect(page.emitted("gone") ?? []).toHaveLength(why ? 1 : 0);
  });

  it("is only read by who may not write it", async () => {
    signedIn("auditor");
    const { page } = await tools();
    expect(page.find("button").exists()).toBe(false);
    signedIn("dispatcher");
    const other = await tools();
    expect(other.page.find("[data-test=new-customer]").exists()).toBe(true);
    expect(other.page.find("[data-test=void-customer]").exists()).toBe(false);
  });
});

describe("a place that is typed", () => {
  it.each([
    ["120.3，36.1", { type: "Point", coordinates: [120.3, 36.1] }],
    ["120.3", null],
    ["north", null],
  ])("%s", async (typed, place) => {
    const field = fieldsOf("service_point").find((one) => one.name === "place")!;
    const props = {
      field,
      label: "x",
      choices: () => [],
      labelOf: String,
      place: "place",
      faultAt: () => "",
    };
    const { page } = await shown(FieldInput, { props: { ...props, modelValue: null } });
    await page.get("input").setValue(typed);
    expect((page.emitted("update:modelValue") ?? [[null]]).at(-1)).toEqual([place]);
  });
});
