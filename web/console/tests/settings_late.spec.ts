/** Pages of settings in bad weather: the Enter key, late answers, readings that fail, both languages. */
import { ElCheckboxGroup } from "element-plus";
import { flushPromises } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { me } from "../src/api.ts";
import AccountDialog from "../src/parts/AccountDialog.vue";
import AccountsTab from "../src/parts/AccountsTab.vue";
import RecordForm from "../src/parts/RecordForm.vue";
import TokensTab from "../src/parts/TokensTab.vue";
import VoidsTab from "../src/parts/VoidsTab.vue";
import type { Account } from "../src/settings.ts";
import {
  broken,
  held,
  house,
  press,
  refused,
  shown,
  signedIn,
  sure,
  tableOf,
  writes,
} from "./console_screen.ts";

const account = (more = {}) =>
  ({
    staff_id: "s1",
    unit_id: "u",
    staff_number: "R101",
    name: "王芳",
    post: "customer_representative",
    works: true,
    has_account: false,
    is_active: false,
    roles: ["representative"],
    phone: null,
    is_demo: false,
    must_change_password: false,
    last_seen_at: null,
    ...more,
  }) as Account;
const INVITE = "POST /api/v1/account-links/invitations";
const made = (token: string): Response => Response.json({ id: "l", token, until: "" }, { status: 201 });

beforeEach(() => signedIn("admin"));
afterEach(() => {
  me.signed = null;
  vi.useRealTimers();
});

async function dialog(answers: Parameters<typeof house>[0], one = account()) {
  const asked = house(answers);
  const { page } = await shown(AccountDialog, { props: { account: null } });
  await page.setProps({ account: one });
  await flushPromises();
  return { asked, page };
}

describe("the dialog of an account", () => {
  it("sends nothing by the Enter key while no role is chosen", async () => {
    const { page, asked } = await dialog({ [INVITE]: made("t") }, account({ roles: [] }));
    await page.get("form").trigger("submit");
    await flushPromises();
    expect(asked).toEqual([]);
    page.getComponent(ElCheckboxGroup).vm.$emit("update:modelValue", ["auditor"]);
    await page.get("form").trigger("submit");
    await flushPromises();
    expect(asked.map((one) => (one.body as { roles: string[] }).roles)).toEqual([["auditor"]]);
  });

  it("makes one invitation where Enter is pressed twice", async () => {
    const slow = held(made("t"));
    const { page, asked } = await dialog({ [INVITE]: slow.answer });
    await page.get("form").trigger("submit");
    await page.get("form").trigger("submit");
    await slow.go();
    expect(writes(asked)).toHaveLength(1);
    expect(page.emitted("invited")).toHaveLength(1);
    expect(page.emitted("close")).toHaveLength(1);
  });

  it("leaves the next account's dialog open when an answer of the one before comes", async () => {
    const slow = held(made("first"));
    const { page, asked } = await dialog({ [INVITE]: slow.answer });
    await page.get("form").trigger("submit");
    await page.setProps({ account: account({ staff_id: "s2", name: "李雷" }) });
    await slow.go();
    expect(page.emitted("close")).toBeUndefined();
    // The link is shown all the same: it is made, and shown once.
    expect(page.emitted("invited")).toHaveLength(1);
    await page.get("form").trigger("submit");
    await flushPromises();
    expect(writes(asked).map((one) => (one.body as { staff_id: string }).staff_id)).toEqual(["s1", "s2"]);
  });

  it("shows no refusal of the account before", async () => {
    const slow = held(refused(409, "id_taken"));
    const { page } = await dialog({ [INVITE]: slow.answer });
    await page.get("form").trigger("submit");
    await page.setProps({ account: account({ staff_id: "s2" }) });
    await slow.go();
    expect(page.find("[role=alert]").exists()).toBe(false);
  });
});

it("a record is made once where Enter is pressed twice", async () => {
  const slow = held(Response.json({}, { status: 201 }));
  const asked = house({ "POST /api/v1/units": slow.answer });
  const props = { kind: null, record: null };
  const { page } = await shown(RecordForm, { props, without: ["ElSelect", "ElDatePicker"] });
  await page.setProps({ kind: "unit" });
  await flushPromises();
  await page.get("form").trigger("submit");
  await page.get("form").trigger("submit");
  await slow.go();
  expect(writes(asked)).toHaveLength(1);
});

describe("lists that are read again", () => {
  const READS = {
    "GET /api/v1/accounts": [
      account({ is_active: true, has_account: true, roles: ["representative", "auditor"] }),
    ],
    "GET /api/v1/account-links": [],
    "GET /api/v1/phone-recoveries": [],
  };

  it.each(["zh", "en"] as const)(
    "keeps what it read where a later reading fails, in %s",
    async (language) => {
      vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
      let isDown = false;
      house({ ...READS, "GET /api/v1/accounts": () => (isDown ? broken() : READS["GET /api/v1/accounts"]) });
      const { page } = await shown(AccountsTab, { language });
      expect(page.find("[data-test=unread]").exists()).toBe(false);
      isDown = true;
      vi.advanceTimersByTime(10_000);
      await flushPromises();
      expect(tableOf(page, "[data-test=accounts]")).toHaveLength(1);
      expect(page.get("[data-test=unread]").text()).not.toBe("");
      isDown = false;
      vi.advanceTimersByTime(10_000);
      await flushPromises();
      expect(page.find("[data-test=unread]").exists()).toBe(false);
    },
  );

  it("says that nothing could be read instead of showing an empty list as the truth", async () => {
    house({ ...READS, "GET /api/v1/account-links": refused(503, "not_ready") });
    const { page } = await shown(AccountsTab);
    expect(page.find("[data-test=unread]").exists()).toBe(true);
    expect(tableOf(page, "[data-test=accounts]")).toHaveLength(1);
  });

  it("leaves an older answer that comes after a newer one", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const [first, second] = [held([]), held(READS["GET /api/v1/accounts"])];
    const answers = [first, second];
    house({ ...READS, "GET /api/v1/accounts": () => answers.shift()!.answer() });
    const { page } = await shown(AccountsTab);
    vi.advanceTimersByTime(10_000);
    await second.go();
    await first.go();
    expect(tableOf(page, "[data-test=accounts]")).toHaveLength(1);
  });

  it.each([
    ["zh", "客户代表、审计员"],
    ["en", "Representative, Auditor"],
  ] as const)("sets roles apart as the language does, in %s", async (language, roles) => {
    house(READS);
    const { page } = await shown(AccountsTab, { language });
    expect(tableOf(page, "[data-test=accounts]")[0]![2]).toBe(roles);
  });

  it.each(["r101", "Ｒ１０１", " R 101 "])("finds a staff number however it is typed: %s", async (typed) => {
    house(READS);
    const { page } = await shown(AccountsTab);
    await page.get("[name=find-account]").setValue(typed);
    expect(tableOf(page, "[data-test=accounts]")).toHaveLength(1);
    await page.get("[name=find-account]").setValue("R999");
    expect(tableOf(page, "[data-test=accounts]")).toHaveLength(0);
  });
});

describe("personal tokens", () => {
  const OWN = { id: "t1", label: "报表", days: 90, expires_at: "2027-01-01T00:00:00Z" };

  it("says that the list could not be read", async () => {
    house({ "GET /api/v1/tokens": refused(503, "not_ready"), "GET /api/v1/accounts/tokens": [] });
    const { page } = await shown(TokensTab);
    expect(page.find("[data-test=unread]").exists()).toBe(true);
  });

  it("asks for those of others only for administrators", async () => {
    signedIn("supervisor");
    const asked = house({ "GET /api/v1/tokens": [OWN] });
    const { page } = await shown(TokensTab);
    expect(asked.map((one) => one.path)).toEqual(["/api/v1/tokens"]);
    expect(page.find("[data-test=all-tokens]").exists()).toBe(false);
    expect(page.find("[data-test=unread]").exists()).toBe(false);
  });

  it("takes away a fresh token that was ended", async () => {
    sure(true);
    house({
      "GET /api/v1/tokens": [OWN],
      "GET /api/v1/accounts/tokens": [],
      "POST /api/v1/tokens": Response.json({ ...OWN, token: "secret" }, { status: 201 }),
      "DELETE /api/v1/tokens/t1": new Response(null, { status: 204 }),
    });
    const { ElMessageBox } = await import("element-plus");
    const spy = vi.spyOn(ElMessageBox, "prompt");
    spy.mockResolvedValue({ value: "报表", action: "confirm" } as never);
    const { page } = await shown(TokensTab);
    await press(page, "[data-test=new-token]");
    expect(page.get("[data-test=fresh]").text()).toBe("secret");
    await press(page, "[data-test=end]");
    expect(page.find("[data-test=fresh]").exists()).toBe(false);
    spy.mockRestore();
  });
});

describe("voided records", () => {
  const one = (id: string, reason: string) => ({
    kind: "visit",
    id,
    act: "voided",
    at: "2026-12-01T00:00:00Z",
    by: "管理员",
    reason,
  });
  const whole = (id: string, reason: string) => ({
    ...one(id, reason),
    values: { materials: reason },
    history: [],
  });

  it("shows the one that was chosen last, whichever answer comes last", async () => {
    const [first, second] = [held(whole("a", "甲")), held(whole("b", "乙"))];
    house({
      "GET /api/v1/voids": [one("a", "甲"), one("b", "乙")],
      "GET /api/v1/voids/visit/a": first.answer,
      "GET /api/v1/voids/visit/b": second.answer,
    });
    const { page } = await shown(VoidsTab);
    const rows = page.findAll("[data-test=voids] tbody tr");
    await rows[0]!.trigger("click");
    await rows[1]!.trigger("click");
    await second.go();
    await first.go();
    expect(page.get("[data-test=voided]").text()).toContain("乙");
    expect(page.get("[data-test=voided]").text()).not.toContain("甲");
  });

  it.each(["GET /api/v1/voids", "GET /api/v1/voids/visit/a"])("says that %s was refused", async (what) => {
    const answers = { "GET /api/v1/voids": [one("a", "甲")], "GET /api/v1/voids/visit/a": whole("a", "甲") };
    house({ ...answers, [what]: refused(403, "not_allowed") });
    const { page } = await shown(VoidsTab);
    const row = page.find("[data-test=voids] tbody tr");
    if (row.exists()) await row.trigger("click");
    await flushPromises();
    expect(page.find("[data-test=unread]").exists()).toBe(true);
  });
});
