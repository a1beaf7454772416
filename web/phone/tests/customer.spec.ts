/** One customer and the list of all: what stands at an address, what is changed there, who is found. */
import "fake-indexeddb/auto";
import { beforeEach, describe, expect, it, vi } from "vitest";

import type { Values } from "@wangge/shared/sync/canonical.ts";
import type { Engine } from "@wangge/shared/sync/engine.ts";

import Customer from "../src/views/Customer.vue";
import Customers from "../src/views/Customers.vue";
import { kept, ME, openedBy, settled, shown, stand, texts, toast } from "./phone_screen.ts";

let phone: Engine;
const WANG: Values = {
  id: "k1",
  name: "王小一",
  number: "20001",
  phone: "13900000001",
  contact_name: "王先生",
  cell_id: "c1",
  pinyin: "wangxiaoyi wxy",
};
const POINT: Values = {
  id: "p1",
  customer_id: "k1",
  cell_id: "c1",
  address: "试验路12号3单元401",
  meter_number: "M-77",
};

beforeEach(async () => {
  ({ phone } = await openedBy("representative"));
});

describe("a customer's page", () => {
  beforeEach(async () => {
    await stand(phone, "customer", WANG);
    await stand(phone, "service_point", POINT, { id: "p2", customer_id: "other", address: "别处" });
  });
  const page = async (language: "zh" | "en" = "zh") => shown(Customer, { id: "k1" }, language);

  it("says who it is, where the water is, and calls with a tap", async () => {
    const { page: one } = await page();
    expect(one.get("h1").text()).toBe("王小一");
    expect(one.text()).toContain("试验路12号3单元401");
    expect(one.text()).toContain("表号 M-77");
    expect(one.text()).not.toContain("别处");
    expect(one.text()).toContain("13900000001");
  });

  it("is in English where the phone is", async () => {
    const { page: one } = await page("en");
    expect(one.text()).toContain("Meter M-77");
    expect(one.get("[data-test=edit]").text()).toBe("Edit");
  });

  it("is empty, not broken, for one that has left this phone", async () => {
    const { page: one } = await shown(Customer, { id: "gone" });
    expect(one.get("h1").text()).toBe("");
    expect(one.findAll(".van-cell")).toHaveLength(0);
  });

  it("lets a representative change what is wrong, and keeps only what was changed", async () => {
    const { page: one } = await page();
    await one.get("[data-test=edit]").trigger("click");
    expect(one.get<HTMLInputElement>("[name=phone]").element.value).toBe("13900000001");
    await one.get("[name=phone]").setValue("13900000009");
    await one.get("[data-test=save]").trigger("click");
    await settled(phone);
    expect(kept(phone)).toMatchObject([
      { kind: "customer", record: "k1", op: "change", now: { phone: "13900000009" }, base_version: 1 },
    ]);
    expect(Object.keys(kept(phone)[0]!.now)).toEqual(["phone"]);
    expect(kept(phone)[0]!.was).toEqual({ phone: "13900000001" });
    expect(one.text()).toContain("13900000009");
    expect(toast()).toBe("已保存在本机");
  });

  it("takes an emptied field for nothing, not for an empty text", async () => {
    const { page: one } = await page();
    await one.get("[data-test=edit]").trigger("click");
    await one.get("[name=contact]").setValue("");
    await one.get("[data-test=save]").trigger("click");
    await settled(phone);
    expect(kept(phone)[0]!.now).toEqual({ contact_name: null });
  });

  it("keeps nothing where nothing was changed, or where it was called off", async () => {
    const { page: one } = await page();
    await one.get("[data-test=edit]").trigger("click");
    await one.get("[data-test=save]").trigger("click");
    await settled(phone);
    await one.get("[data-test=edit]").trigger("click");
    await one.get("[name=note]").setValue("有狗");
    const cancel = one.findAll("button").find((button) => button.text() === "取消")!;
    await cancel.trigger("click");
    await settled(phone);
    expect(kept(phone)).toEqual([]);
    await one.get("[data-test=edit]").trigger("click");
    expect(one.get<HTMLInputElement>("[name=note]").element.value).toBe("");
  });

  it("begins a visit at the door that is mine and leads there", async () => {
    const { page: one, router } = await page();
    await one.get("[data-test=new-visit]").trigger("click");
    await settled(phone);
    const [visit] = kept(phone, "visit");
    expect(visit).toMatchObject({
      op: "create",
      now: { customer_id: "k1", cell_id: "c1", representative_id: ME, method: "door" },
    });
    await vi.waitFor(() => expect(router.currentRoute.value.path).toBe(`/visits/${visit!.record}`), 20_000);
  });

  it("takes the cell of the address where the customer has none", async () => {
    await stand(phone, "customer", { ...WANG, cell_id: null });
    const { page: one } = await page();
    await one.get("[data-test=new-visit]").trigger("click");
    await settled(phone);
    expect(kept(phone, "visit")[0]!.now["cell_id"]).toBe("c1");
  });

  it("offers a crew nothing to change", async () => {
    ({ phone } = await openedBy("crew_member"));
    await stand(phone, "customer", WANG);
    const { page: one } = await page();
    expect(one.find("[data-test=edit]").exists()).toBe(false);
    expect(one.find("[data-test=new-visit]").exists()).toBe(false);
  });
});

describe("what is to be done at an address", () => {
  beforeEach(() => stand(phone, "customer", WANG));
  const listed = async (): Promise<string[]> => {
    const { page } = await shown(Customer, { id: "k1" });
    return page.find("[data-test=at-address]").exists()
      ? texts(page, "[data-test=at-address] .van-cell")
      : [];
  };

  it("is nothing where nothing is open", async () => {
    await stand(
      phone,
      "work_order",
      ...["closed", "cancelled", "refused", "failed"].map((state) => ({
        id: state,
        customer_id: "k1",
        state,
        number: state,
      })),
    );
    expect(await listed()).toEqual([]);
  });

  it("is every open job, planned visit, survey and item of the customer, with its state", async () => {
    await stand(
      phone,
      "work_order",
      { id: "j1", customer_id: "k1", state: "dispatched", description: "换表" },
      { id: "j2", customer_id: "other", state: "dispatched", description: "别家" },
    );
    await stand(phone, "visit", { id: "v1", customer_id: "k1", state: "planned", due_on: "2026-12-03" });
    await stand(phone, "survey", { id: "s1", customer_id: "k1", state: "appointed" });
    await stand(phone, "item", { id: "i1", customer_id: "k1", state: "open", theme: "billing" });
    const lines = await listed();
    expect(lines).toHaveLength(4);
    expect(lines[0]).toContain("2026-12-03");
    expect(lines[1]).toMatch(/换表.*已派单/);
    expect(lines[2]).toMatch(/勘查.*已预约/);
    expect(lines[3]).toMatch(/收费收缴.*待处理/);
  });

  it("names the papers that a job waits for", async () => {
    await stand(phone, "work_order", {
      id: "j1",
      customer_id: "k1",
      state: "waiting_papers",
      number: "W1",
      waiting_for: "房产证",
    });
    expect((await listed()).at(-1)).toMatch(/待补材料.*房产证/);
  });

  it("leads to each", async () => {
    await stand(phone, "item", { id: "i1", customer_id: "k1", state: "open", theme: "billing" });
    const { page, router } = await shown(Customer, { id: "k1" });
    await page.get("[data-test=at-address] .van-cell").trigger("click");
    await vi.waitFor(() => expect(router.currentRoute.value.path).toBe("/items/i1"), 20_000);
  });
});

describe("earlier visits", () => {
  it("are the last ten, the newest first, with what was found or why nobody was met", async () => {
    await stand(phone, "customer", WANG);
    const visits = Array.from({ length: 12 }, (_, n) => ({
      id: `v${n}`,
      customer_id: "k1",
      state: "done",
      ended_at: `2026-11-${String(n + 10)}T01:00:00Z`,
      summary: `第${n}次`,
    }));
    await stand(phone, "visit", ...visits, {
      id: "missed",
      customer_id: "k1",
      state: "not_met",
      ended_at: "2026-11-30T01:00:00Z",
      absent_reason: "没人应门",
    });
    const { page } = await shown(Customer, { id: "k1" });
    const lines = texts(page, ".van-cell__label").filter((one) => /第|没人/.test(one));
    expect(lines).toHaveLength(10);
    expect(lines.slice(0, 2)).toEqual(["没人应门", "第11次"]);
  });
});

describe("the list of customers", () => {
  const names = (page: Awaited<ReturnType<typeof shown>>["page"]): string[] =>
    texts(page, "[data-test=list] .van-cell__title > span");
  beforeEach(async () => {
    await stand(
      phone,
      "customer",
      WANG,
      { id: "k2", name: "李四", number: "20002", phone: "0532-88880002" },
      { id: "k3", name: "ÅKE Café", number: "20003" },
    );
    await stand(phone, "service_point", POINT, { id: "p3", customer_id: "k3", address: "香港中路8号" });
  });

  it("is everybody while nothing is typed, with one address each", async () => {
    const { page } = await shown(Customers);
    expect(page.get("[data-test=found]").text()).toBe("3 户");
    expect(names(page)).toEqual(["王小一", "李四", "ÅKE Café"]);
    expect(page.get("[data-test=list]").text()).toContain("香港中路8号");
  });

  it.each([
    ["王小一", ["王小一"]],
    ["wxy", ["王小一"]],
    ["20002", ["李四"]],
    ["139 0000 0001", ["王小一"]],
    ["88880002", ["李四"]],
    ["m-77", ["王小一"]],
    ["试验路１２号", ["王小一"]],
    ["ake cafe", ["ÅKE Café"]],
    ["香港中路", ["ÅKE Café"]],
    ["没有这个人", []],
  ])("finds by %s", async (typed, found) => {
    const { page } = await shown(Customers);
    await page.get("[name=search]").setValue(typed);
    expect(names(page)).toEqual(found);
  });

  it("says that nobody was found, in both languages", async () => {
    for (const [language, words] of [
      ["zh", "没有找到"],
      ["en", "Nobody found"],
    ] as const) {
      const { page } = await shown(Customers, {}, language);
      await page.get("[name=search]").setValue("nobody of that name");
      expect(page.get(".van-empty").text()).toBe(words);
    }
  });

  it("draws twenty first, and more as the end comes near", async () => {
    const many = Array.from({ length: 45 }, (_, n) => ({ id: `m${n}`, name: `户${n}` }));
    await stand(phone, "customer", ...many);
    let near: (seen: { isIntersecting: boolean }[]) => void = () => undefined;
    const Watcher = class {
      constructor(tell: typeof near) {
        near = tell;
      }
      observe = (): void => undefined;
      disconnect = (): void => undefined;
    };
    vi.stubGlobal("IntersectionObserver", Watcher);
    const { page } = await shown(Customers);
    vi.unstubAllGlobals();
    expect(names(page)).toHaveLength(20);
    near([{ isIntersecting: false }]);
    await settled(phone);
    expect(names(page)).toHaveLength(20);
    near([{ isIntersecting: true }]);
    await settled(phone);
    expect(names(page)).toHaveLength(40);
    await page.get("[name=search]").setValue("户");
    expect(names(page)).toHaveLength(20);
  });

  it("holds a customer that is not sent yet", async () => {
    await phone.create("customer", { name: "新户" });
    const { page } = await shown(Customers);
    await page.get("[name=search]").setValue("新户");
    expect(names(page)).toEqual(["新户"]);
  });
});
