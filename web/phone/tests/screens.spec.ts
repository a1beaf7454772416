/** What the phone says of itself and of work: the state bar, a job's door, what was told, unsent work. */
import "fake-indexeddb/auto";
import { flushPromises, mount } from "@vue/test-utils";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { type Component, h, triggerRef } from "vue";
import { createMemoryHistory, createRouter } from "vue-router";

import { makeI18n } from "@wangge/shared/i18n.ts";
import type { Values } from "@wangge/shared/sync/canonical.ts";
import { openDisk } from "@wangge/shared/sync/disk.ts";
import type { Engine } from "@wangge/shared/sync/engine.ts";
import { newId } from "@wangge/shared/sync/ids.ts";
import { Offline, Refused } from "@wangge/shared/sync/link.ts";
import { emptyTelling } from "@wangge/shared/told.ts";

import { phoneOn, shot, SmallServer } from "../../shared/tests/small_server.ts";
import { en } from "../src/en/index.ts";
import JobSite from "../src/parts/JobSite.vue";
import StateBar from "../src/parts/StateBar.vue";
import ToldList from "../src/parts/ToldList.vue";
import WorkDetail from "../src/parts/WorkDetail.vue";
import { engine, sync, syncNow } from "../src/session.ts";
import { idsOf, keepPhoto, keepWork, useOf, useRecord } from "../src/work.ts";
import { zh } from "../src/zh/index.ts";

let phone: Engine;
let server: SmallServer;

beforeEach(async () => {
  server = new SmallServer();
  phone = engine.value = await phoneOn(await openDisk(newId()), server);
  Object.assign(sync, { isRunning: false, isReachable: null, problem: null });
});

async function shown(component: Component, props: object = {}, language: "zh" | "en" = "zh") {
  localStorage.setItem("wangge.language", language);
  const routes = [{ path: "/:rest(.*)*", component: { render: () => h("i") } }];
  const router = createRouter({ history: createMemoryHistory(), routes });
  await router.push("/");
  const global = { plugins: [router, makeI18n(zh, en)], stubs: { teleport: true } };
  const page = mount(component, { props, global } as never);
  onTestFinished(() => page.unmount());
  await flushPromises();
  return page;
}
const now = async (): Promise<void> => {
  triggerRef(engine);
  await flushPromises();
};

describe("the state bar", () => {
  it.each([
    [{ isReachable: null }, "unknown"],
    [{ isReachable: true }, "online"],
    [{ isReachable: false }, "offline"],
    [{ isReachable: true, isRunning: true }, "syncing"],
  ])("tells of %j as %s", async (state, name) => {
    const page = await shown(StateBar);
    // Whatever a phone of another test may have set meanwhile.
    Object.assign(sync, { isRunning: false }, state);
    await now();
    expect(page.get("[data-test=state-bar]").classes()).toContain(name);
    expect(page.get("[data-test=reach]").text()).toBe(zh["bar"]![name]);
  });

  it("counts what is unsent, work and pictures apart", async () => {
    const page = await shown(StateBar, {}, "en");
    expect(page.get("[data-test=waiting]").text()).toBe(en["bar"]!["all"]);
    await phone.create("visit", { note: "one" });
    await phone.create("visit", { note: "two" });
    await shot(phone, "a picture");
    await now();
    const said = page.get("[data-test=waiting]").text();
    expect(said).toContain("3");
    expect(said).toContain("1");
    await phone.push();
    await now();
    expect(page.get("[data-test=waiting]").text()).not.toBe(said);
  });

  it("says what went wrong before anything else, in words", async () => {
    await phone.create("visit", { note: "one" });
    sync.problem = { code: "too_large" };
    const page = await shown(StateBar, {}, "en");
    expect(page.get("[data-test=waiting]").text()).not.toMatch(/too_large|\d/);
    sync.problem = { code: "of_tomorrow" };
    await flushPromises();
    expect(page.get("[data-test=waiting]").text()).toContain("of_tomorrow");
  });

  it.each(["refresh_ended", "not_signed_in"])(
    "asks for the password where the sign-in has ended: %s",
    async (code) => {
      sync.problem = { code };
      const page = await shown(StateBar);
      expect(page.get("[data-test=waiting]").text()).toBe(zh["bar"]!["signIn"]);
      await page.get("button.main").trigger("click");
      await flushPromises();
      expect(page.find("input[name=again]").exists()).toBe(true);
    },
  );
});

describe("a round of handing in and fetching", () => {
  beforeEach(() => {
    // What it tells beside its records is another matter.
    vi.spyOn(phone, "ask").mockImplementation(async (method, path, ask) =>
      path.startsWith("/sync/") ? server.send(method, path, ask) : Response.json({ newest: null }),
    );
  });

  it("that went well leaves nothing to say", async () => {
    await phone.create("visit", { note: "one" });
    await syncNow();
    expect(sync).toMatchObject({ isRunning: false, isReachable: true, problem: null });
    expect(server.taken).toEqual(["one"]);
  });

  it.each([
    [new Offline("no network"), { isReachable: false, problem: null }],
    [new Refused(401, { code: "not_signed_in" }), { isReachable: true, problem: { code: "not_signed_in" } }],
    [new TypeError("a fault of ours"), { problem: { code: "phone_error" } }],
  ])("that ended with %s says so", async (error, said) => {
    vi.spyOn(phone, "sync").mockRejectedValue(error);
    await syncNow();
    expect(sync).toMatchObject(said);
    expect(sync.isRunning).toBe(false);
  });

  it("says what the server did not take, until it is taken", async () => {
    await phone.create("visit", { note: "too large" });
    await syncNow();
    expect(sync).toMatchObject({ isReachable: true, problem: { code: "too_large" } });
  });

  it("is nobody's where nobody has opened the phone", async () => {
    engine.value = null;
    await syncNow();
    expect(sync.isReachable).toBeNull();
  });

  it("is no trouble of whoever comes next where the phone was locked meanwhile", async () => {
    vi.spyOn(phone, "sync").mockImplementation(() => {
      engine.value = null;
      return Promise.reject(new Error("the store is closed"));
    });
    await syncNow();
    expect(sync.problem).toBeNull();
  });
});

describe("work that is kept", () => {
  it("is all there, in its order", async () => {
    const id = newId();
    await keepWork(
      { kind: "visit", record: id, op: "create", now: { note: "one" } },
      { kind: "visit", record: id, op: "change", now: { note: "two" } },
    );
    expect(phone.store.waiting().map((one) => one.mutation.op)).toEqual(["create", "change"]);
    const visit = useRecord("visit", () => id);
    expect(visit.value).toMatchObject({ note: "two" });
    expect(useRecord("visit", () => "gone").value).toBeUndefined();
  });

  it("names its photo with the keys by which others may see it", async () => {
    const shotOf = {
      data: new TextEncoder().encode("x").buffer as ArrayBuffer,
      mediaType: "image/jpeg",
      takenAt: null,
    };
    const fix = {
      place: { type: "Point" as const, coordinates: [120.4, 36.1] as [number, number] },
      accuracyM: 9,
    };
    const id = await keepPhoto(
      { kind: "work_order", id: "j", cellId: "c", crewId: "k" },
      "site" as never,
      shotOf,
      fix,
    );
    const photo = phone.store.waiting().find((one) => one.mutation.record === id)!;
    expect(photo.mutation.now).toMatchObject({ cell_id: "c", crew_id: "k", accuracy_m: 9, of_id: "j" });
    const bare = await keepPhoto({ kind: "visit", id: "v" }, "site" as never, shotOf, null);
    const other = phone.store.waiting().find((one) => one.mutation.record === bare)!;
    expect(Object.keys(other.mutation.now)).not.toContain("cell_id");
    expect(Object.keys(other.mutation.now)).not.toContain("place");
  });

  it("is found by what it points at, and by nothing where nothing is asked", async () => {
    await phone.create("visit", { customer_id: "c" });
    await phone.create("visit", {});
    await now();
    expect(useOf("visit", "customer_id", () => "c").value).toHaveLength(1);
    expect(useOf("visit", "customer_id", () => undefined).value).toHaveLength(0);
    expect([idsOf(["a"]), idsOf(null), idsOf("a")]).toEqual([["a"], [], []]);
  });
});

describe("a job's door", () => {
  const job = (more: Values = {}): Values => ({ state: "dispatched", matter_id: "m", ...more });

  it("is the card's where there is one, with ways to call and to go", async () => {
    const card = {
      customer_name: "王芳",
      address: "卡上的地址",
      phone: "13800000000",
      meter_number: "M1",
      access_note: "敲门",
    };
    const page = await shown(JobSite, {
      job: job({
        site_card: card,
        address: "别处",
        place: { type: "Point", coordinates: [120.4, 36.1] },
        urgency: "urgent",
      }),
    });
    expect(page.text()).toContain("卡上的地址");
    expect(page.text()).not.toContain("别处");
    expect(page.get("a[href^='tel:']").attributes("href")).toBe("tel:13800000000");
    expect(page.get("a[href^='geo:']").attributes("href")).toBe("geo:36.1,120.4?q=36.1,120.4");
    expect(page.find(".van-tag--danger").exists()).toBe(true);
  });

  it("is the reporter's where there is no card, and has no ways where nothing is known", async () => {
    const reported = await shown(JobSite, { job: job({ reporter: { phone: "96111" } }) });
    expect(reported.get("a").attributes("href")).toBe("tel:96111");
    const bare = await shown(JobSite, { job: job() }, "en");
    expect(bare.findAll("a")).toHaveLength(0);
    expect(bare.find("[data-test=promised]").exists()).toBe(false);
  });

  it("marks a promise that has passed", async () => {
    const until = (ms: number): string => new Date(Date.now() + ms).toISOString();
    const late = await shown(JobSite, {
      job: job({ appointment_from: until(-7_200_000), appointment_until: until(-3_600_000) }),
    });
    expect(late.get("[data-test=promised]").classes()).toEqual(["bad"]);
    const soon = await shown(JobSite, {
      job: job({ appointment_from: until(0), appointment_until: until(3_600_000) }),
    });
    expect(soon.get("[data-test=promised]").classes()).toEqual(["muted"]);
  });
});

describe("time and cost on the phone", () => {
  const list = (job: Values, draft = {}, lack: string | null = null) =>
    shown(ToldList, {
      job,
      isRequired: true,
      lack: () => lack,
      modelValue: { ...emptyTelling("王芳"), ...draft },
    });

  it("ask for the rest once minutes are given, and why only where something was told before", async () => {
    expect((await list({})).find("[data-test=keep-telling]").exists()).toBe(false);
    const first = await list({}, { minutes: "40" });
    expect([first.find("[data-test=keep-telling]").exists(), first.find("[name=told-why]").exists()]).toEqual(
      [true, false],
    );
    expect((await list({ told_minutes: 30 }, { minutes: "40" })).find("[name=told-why]").exists()).toBe(true);
  });

  it("go out when nothing is missing", async () => {
    const lacking = await list({}, { minutes: "40" }, "请填写费用");
    await lacking.get("[data-test=keep-telling]").trigger("click");
    expect(lacking.emitted("told")).toBeUndefined();
    const whole = await list({}, { minutes: "40" });
    await whole.get("[data-test=keep-telling]").trigger("click");
    expect(whole.emitted("told")).toHaveLength(1);
  });

  it("show what an older phone told, and each telling of a newer one", async () => {
    const old = await list({ told_minutes: 30, told_cost_fen: 4550 });
    expect(old.text()).toContain("45.5");
    const one = {
      minutes: 1,
      cost_fen: 100,
      told_to: "王",
      way: "phone",
      at: "2026-12-01T01:05:00Z",
      is_agreed: true,
    };
    const newer = await list({ told_minutes: 30, told_cost_fen: 4550, tellings: [one, one] as never });
    expect(newer.text()).not.toContain("45.5");
    expect(newer.text().match(/09:05/g)).toHaveLength(2);
  });
});

describe("a piece of work beside the record", () => {
  async function parked(detail: object, made: Values = { summary: "一" }) {
    const id = await phone.create("visit", made);
    const [entry] = phone.store.waiting();
    const outcome = { id: entry!.mutation.id, status: "parked", code: "check_failed", detail };
    await phone.store.transaction(() =>
      phone.store.answer([outcome as never], "2026-12-01T01:00:00.000000Z"),
    );
    await now();
    const found = phone.store.journal().find((one) => one.mutation.record === id)!;
    return { id, entry: found };
  }

  it("that waits is shown as it is said", async () => {
    await phone.create("visit", { summary: "一" });
    await now();
    const page = await shown(WorkDetail, { entry: phone.store.waiting()[0] });
    expect(page.get("[data-test=detail-summary]").text()).toContain("一");
    expect(page.find("[data-test=correct]").exists()).toBe(false);
  });

  it("that waits for a person says why, and is mended where a word is at fault", async () => {
    const faults = [{ field: "summary", zh: "太短", en: "too short" }];
    const { entry } = await parked({ faults });
    const page = await shown(WorkDetail, { entry });
    expect(page.get("[data-test=correct]").text()).toContain("太短");
    await page.get("[data-test=correct] input[name=summary]").setValue("换了阀门");
    await page.get("[data-test=correct]").trigger("submit");
    await vi.waitFor(() => expect(page.emitted("close")).toHaveLength(1), 20_000);
    const again = phone.store.journal().find((one) => one.mutation.now["summary"] === "换了阀门");
    expect(again).toBeDefined();
  });

  it("whose fault is no word is not mended here", async () => {
    const { entry } = await parked(
      { faults: [{ field: "photo_ids", zh: "少", en: "few" }] },
      { photo_ids: ["p"] },
    );
    expect((await shown(WorkDetail, { entry }, "en")).find("[data-test=correct]").exists()).toBe(false);
  });

  it("is closed where there is none", async () => {
    expect((await shown(WorkDetail, { entry: null })).find("[data-test=work-detail]").exists()).toBe(false);
  });
});
