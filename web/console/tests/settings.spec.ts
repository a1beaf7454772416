/** Accounts, links, units, tokens, voided records and the audit trail, as administrators see them. */
import { ElCheckboxGroup, ElMessageBox } from "element-plus";
import { flushPromises } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";

import { me } from "../src/api.ts";
import AccountsTab from "../src/parts/AccountsTab.vue";
import AuditTab from "../src/parts/AuditTab.vue";
import InstallationTab from "../src/parts/InstallationTab.vue";
import TokensTab from "../src/parts/TokensTab.vue";
import UnitsTab from "../src/parts/UnitsTab.vue";
import VoidsTab from "../src/parts/VoidsTab.vue";
import { linkTo, units } from "../src/settings.ts";
import {
  house,
  overheard,
  press,
  refused,
  rowsOf,
  shown,
  signedIn,
  sure,
  tableOf,
  whatOf,
  writes,
} from "./console_screen.ts";

const account = (more = {}) => ({
  staff_id: "s1",
  unit_id: "u",
  staff_number: "R101",
  name: "王芳",
  post: "customer_representative",
  works: true,
  has_account: true,
  is_active: true,
  roles: ["representative"],
  phone: null,
  is_demo: false,
  must_change_password: false,
  last_seen_at: null,
  ...more,
});
const NEWCOMER = account({
  staff_id: "s2",
  staff_number: "R102",
  name: "李雷",
  is_active: false,
  has_account: false,
  roles: [],
});
const LINK = {
  id: "l1",
  use: "invitation",
  state: "open",
  staff_id: "s2",
  name: "李雷",
  staff_number: "R102",
  roles: ["dispatcher"],
  made_at: "2026-12-01T00:00:00Z",
  made_by: "管理员",
  until: "2026-12-04T00:00:00Z",
  used_at: null,
  revoked_at: null,
};
const UNLOCK = {
  id: "h1",
  staff_id: "s1",
  name: "王芳",
  staff_number: "R101",
  device: "Redmi",
  state: "asked",
  asked_at: "2026-12-01T00:00:00Z",
  approved_at: null,
  collected_at: null,
};

/** Whoever is asked for a sentence writes this one. */
function writing(value: string | null): void {
  const spy = vi.spyOn(ElMessageBox, "prompt");
  if (value === null) spy.mockRejectedValue("cancel");
  else spy.mockResolvedValue({ value, action: "confirm" } as never);
  onTestFinished(() => spy.mockRestore());
}

beforeEach(() => signedIn("admin"));
afterEach(() => {
  me.signed = null;
  units.value = [];
});

async function accounts(answers: Parameters<typeof house>[0] = {}, language: "zh" | "en" = "zh") {
  const said = overheard();
  const asked = house({
    "GET /api/v1/accounts": [account(), NEWCOMER, account({ staff_id: "s3", works: false })],
    "GET /api/v1/account-links": [LINK, { ...LINK, id: "l2", state: "used" }],
    "GET /api/v1/phone-recoveries": [UNLOCK, { ...UNLOCK, id: "h2", state: "collected" }],
    ...answers,
  });
  const { page } = await shown(AccountsTab, { language });
  return { said, asked, page };
}

describe("accounts", () => {
  it.each([
    ["zh", "客户代表", "已开通", "没有账号", "不在岗"],
    ["en", "Representative", "Open", "No account", "Left"],
  ] as const)("tells who may sign in and as what, in %s", async (language, role, open, none, left) => {
    const { page } = await accounts({}, language);
    const rows = tableOf(page, "[data-test=accounts]");
    expect(rows[0]!.slice(0, 4)).toEqual(["R101", "王芳", role, open]);
    expect([rows[1]![3], rows[2]![3], rows[2]!.at(-1)]).toEqual([none, left, ""]);
    await page.get("[name=find-account]").setValue("R102");
    expect(tableOf(page, "[data-test=accounts]")).toHaveLength(1);
  });

  it("invites who has none, and shows the link once", async () => {
    const { page, asked } = await accounts({
      "POST /api/v1/account-links/invitations": Response.json(
        { id: "l", token: "tok", until: "" },
        { status: 201 },
      ),
    });
    await page.findAll("[data-test=account]")[1]!.trigger("click");
    page.getComponent(ElCheckboxGroup).vm.$emit("update:modelValue", ["representative"]);
    await page.get("[name=account-phone]").setValue("13900000000");
    await press(page, "[data-test=account-save]");
    expect(writes(asked).map((one) => one.body)).toEqual([
      { staff_id: "s2", roles: ["representative"], phone: "13900000000", hours: 72 },
    ]);
    expect((page.get("textarea[data-test=link]").element as HTMLTextAreaElement).value).toBe(
      `${location.origin}/m/invitation#tok`,
    );
  });

  it("changes roles, and keeps what was typed when it is refused", async () => {
    const { page, asked } = await accounts({ "PATCH /api/v1/accounts/s1": refused(409, "id_taken") });
    await page.findAll("[data-test=account]")[0]!.trigger("click");
    page.getComponent(ElCheckboxGroup).vm.$emit("update:modelValue", ["representative", "supervisor"]);
    await flushPromises();
    await press(page, "[data-test=account-save]");
    expect(writes(asked)[0]!.body).toEqual({ roles: ["representative", "supervisor"], phone: null });
    expect(page.get("[data-test=account-problem]").text()).toContain(whatOf("id_taken", "zh"));
    expect(page.getComponent(ElCheckboxGroup).props("modelValue")).toHaveLength(2);
  });

  it.each([true, false])("resets a password and closes an account where one is sure: %s", async (isSure) => {
    sure(isSure);
    const { page, asked } = await accounts({
      "POST /api/v1/account-links/passwords": { id: "l", token: "tok", until: "" },
      "DELETE /api/v1/accounts/s1": new Response(null, { status: 204 }),
    });
    await press(page, "[data-test=reset]");
    await press(page, "[data-test=close]");
    const sent = writes(asked).map((one) => `${one.method} ${one.path}`);
    expect(sent).toEqual(
      isSure ? ["POST /api/v1/account-links/passwords", "DELETE /api/v1/accounts/s1"] : [],
    );
  });

  it("takes a link back, only one that is open", async () => {
    const { page, asked } = await accounts({
      "DELETE /api/v1/account-links/l1": new Response(null, { status: 204 }),
    });
    expect(page.findAll("[data-test=revoke]")).toHaveLength(1);
    await press(page, "[data-test=revoke]");
    expect(writes(asked)).toHaveLength(1);
  });

  it("approves a phone's new PIN by the digits that its person reads out", async () => {
    writing(" 012345 ");
    const answers = { "PUT /api/v1/phone-recoveries/h1/approval": refused(422, "wrong_code") };
    const { page, asked, said } = await accounts(answers);
    expect(page.findAll("[data-test=approve]")).toHaveLength(1);
    await press(page, "[data-test=approve]");
    expect(writes(asked)[0]!.body).toEqual({ code: "012345" });
    expect(said.error[0]).toContain(whatOf("wrong_code", "zh"));
  });
});

describe("where a link is opened", () => {
  it.each([
    [["representative", "crew_leader"], "/m/invitation#t"],
    [["representative", "supervisor"], "/#/invitation/t"],
    [[], "/#/invitation/t"],
  ])("%s: %s", (roles, path) => {
    expect(linkTo("t", roles)).toBe(location.origin + path);
  });
});

describe("units", () => {
  const rows = [
    { id: "u", name: "集团", level: "group", parent_id: null, version: 1 },
    { id: "b", name: "一所", level: "branch", parent_id: "u", version: 3, hotline: "8888" },
  ];
  it("are made and changed", async () => {
    const asked = house({
      "GET /api/v1/units": rowsOf(...rows),
      "POST /api/v1/units": refused(422, "check_failed"),
    });
    const { page } = await shown(UnitsTab, { without: ["ElSelect"] });
    expect(tableOf(page, "[data-test=units]").map((row) => row[0])).toEqual(["集团", "一所"]);
    await press(page, "[data-test=new-unit]");
    await page.get("[name=name]").setValue("二所");
    await press(page, "[data-test=form-save]");
    // A unit is filed under itself: no unit is named for it.
    expect(writes(asked)[0]!.body).toMatchObject({ name: "二所" });
    expect(writes(asked)[0]!.body).not.toHaveProperty("unit_id");
    expect(page.get("[data-test=form-problem]").text()).toContain(whatOf("check_failed", "zh"));
  });

  it("are looked at by everybody else", async () => {
    signedIn("dispatcher");
    house({ "GET /api/v1/units": rowsOf(...rows) });
    const { page } = await shown(UnitsTab, { language: "en" });
    expect(page.find("[data-test=new-unit]").exists()).toBe(false);
    expect(tableOf(page, "[data-test=units]")[1]!.slice(0, 3)).toEqual(["一所", "Branch", "8888"]);
  });
});

describe("personal tokens", () => {
  const own = { id: "t1", label: "GIS", expires_at: "2027-01-01T00:00:00Z" };
  it("are made, shown once and ended, one's own and others'", async () => {
    sure(true);
    writing("QGIS");
    const asked = house({
      "GET /api/v1/tokens": [own],
      "GET /api/v1/accounts/tokens": [
        { ...own, id: "t2", staff_id: "s1", name: "王芳", staff_number: "R101", issued_at: "" },
      ],
      "POST /api/v1/tokens": { ...own, token: "secret" },
      "DELETE /api/v1/tokens/t1": new Response(null, { status: 204 }),
      "DELETE /api/v1/accounts/s1/tokens/t2": new Response(null, { status: 204 }),
    });
    const { page } = await shown(TokensTab);
    await press(page, "[data-test=new-token]");
    expect(page.get("[data-test=fresh]").text()).toBe("secret");
    await press(page, "[data-test=end]");
    await press(page, "[data-test=end-theirs]");
    expect(writes(asked).map((one) => one.path)).toEqual([
      "/api/v1/tokens",
      "/api/v1/tokens/t1",
      "/api/v1/accounts/s1/tokens/t2",
    ]);
  });
});

describe("the audit trail", () => {
  const trail = (staff: object[], language: "zh" | "en" = "zh") =>
    shown(AuditTab, { props: { staff }, language, without: ["ElSelect", "ElDatePicker"] });
  const act = {
    id: "a1",
    act: "account_changed",
    acted_at: "2026-12-01T00:00:00Z",
    by_staff_id: "s9",
    by: "管理员",
    network_address: "10.0.0.1",
    subject_kind: "account",
    subject_id: "s1",
    subject: "王芳",
    before: { roles: ["representative"], is_active: true },
    after: { roles: ["supervisor"], is_active: true },
  };
  it.each([
    ["zh", "变更账号", "账号 王芳", "角色：客户代表→主管"],
    ["en", "Account changed", "Account 王芳", "Roles: Representative→Supervisor"],
  ] as const)("tells who did what, before and after, in %s", async (language, what, about, change) => {
    house({ "GET /api/v1/audit-trail": { rows: [act], next: null } });
    const { page } = await trail([], language);
    const [row] = tableOf(page, "[data-test=audit]");
    expect([row![1], row![2], row![3]]).toEqual(["管理员 10.0.0.1", what, about]);
    expect(row![4]!.replace(/\s/g, "")).toContain(change.replace(/\s/g, ""));
  });

  it("is filtered, and goes on where the page ended", async () => {
    const asked = house({ "GET /api/v1/audit-trail": { rows: [act], next: "a1" } });
    const { page } = await trail([{ id: "s9", name: "管理员" }]);
    await press(page, "[data-test=more]");
    expect(asked.at(-1)!.path).toBe("/api/v1/audit-trail?before=a1");
    expect(tableOf(page, "[data-test=audit]")).toHaveLength(2);
    const [who, what] = page.findAllComponents({ name: "ElSelect" });
    who!.vm.$emit("update:modelValue", "s9");
    what!.vm.$emit("update:modelValue", "exported");
    await flushPromises();
    expect(asked.at(-1)!.path).toBe("/api/v1/audit-trail?by_staff_id=s9&act=exported");
    expect(tableOf(page, "[data-test=audit]")).toHaveLength(1);
  });

  it("says why it cannot be read", async () => {
    house({ "GET /api/v1/audit-trail": refused(403, "not_allowed") });
    const { page } = await trail([]);
    expect(page.get("[role=alert]").text()).toContain(whatOf("not_allowed", "zh"));
  });
});

describe("voided records", () => {
  const one = {
    kind: "customer",
    id: "c1",
    unit_id: "u",
    act: "records_merged",
    at: "2026-12-01T00:00:00Z",
    by: "管理员",
    reason: "录了两次",
    kept_id: "c2",
  };
  it("stay readable, with why and their history", async () => {
    house({
      "GET /api/v1/voids": [one],
      "GET /api/v1/voids/customer/c1": { ...one, values: { name: "张三", number: "K1" }, history: [] },
    });
    const { page } = await shown(VoidsTab);
    expect(tableOf(page, "[data-test=voids]")[0]!.slice(1)).toEqual(["客户", "合并", "管理员", "录了两次"]);
    await press(page, "[data-test=voids] tbody tr");
    expect(page.get("[data-test=voided]").text()).toContain("张三");
  });
});

describe("the installation", () => {
  const found = {
    name_zh: "青岛水务",
    name_en: "Qingdao Water",
    time_zone: "Asia/Shanghai",
    language: "zh",
    currency: "CNY",
    minor_digits: 2,
    length_unit: "mm",
    hotlines: [{ number: "96111", zh: "热线", en: "Hotline" }],
    posts: [{ code: "hall_agent", zh: "坐席", en: "Agent" }],
    first_view: null,
    new_cell_code: "N###",
    imported_cell_code: "Z###",
    limits: { item_days: 5, visit_days: 7, visit_days_between: {} },
    version: 3,
  };

  it("gets another post, and only what was changed goes out", async () => {
    const said = overheard();
    const posts = [...found.posts, { code: "diver", zh: "潜水员", en: "Diver" }];
    const asked = house({
      "GET /api/v1/installation": found,
      "PATCH /api/v1/installation": { ...found, posts, version: 4 },
    });
    const { page } = await shown(InstallationTab);
    await press(page, "[data-test=add-posts]");
    for (const [name, text] of Object.entries({ code: "diver", zh: "潜水员", en: "Diver" }))
      await page.get(`[name=posts-1-${name}]`).setValue(text);
    await page.get("form").trigger("submit");
    await flushPromises();
    expect(writes(asked)[0]!.body).toEqual({ posts });
    expect(writes(asked)[0]!.headers.get("If-Match")).toBe('"3"');
    expect(said.success).toEqual(["已保存"]);
  });

  it.each([
    ["zh", "代码不对"],
    ["en", "No such code"],
  ] as const)("keeps what was typed when it is refused, and says where, in %s", async (language, why) => {
    const faults = [{ field: "posts.0.code", zh: "代码不对", en: "No such code" }];
    house({
      "GET /api/v1/installation": found,
      "PATCH /api/v1/installation": refused(422, "invalid", { faults }),
    });
    const { page } = await shown(InstallationTab, { language });
    await page.get("[name=posts-0-code]").setValue("Hall Agent");
    await page.get("form").trigger("submit");
    await flushPromises();
    expect(page.get("[data-test=installation-problem]").text()).toContain(`posts.0.code: ${why}`);
    expect((page.get("[name=posts-0-code]").element as HTMLInputElement).value).toBe("Hall Agent");
  });

  it("has rows taken out and limits set", async () => {
    const asked = house({ "GET /api/v1/installation": found, "PATCH /api/v1/installation": found });
    overheard();
    const { page } = await shown(InstallationTab);
    await page.get("[data-test=hotlines] .named button").trigger("click");
    page.findAllComponents({ name: "ElInputNumber" })[0]!.vm.$emit("update:modelValue", 9);
    await page.get("form").trigger("submit");
    await flushPromises();
    expect(writes(asked)[0]!.body).toEqual({
      hotlines: [],
      limits: { ...found.limits, item_days: 9 },
    });
  });

  it("is only read by who may not set it", async () => {
    signedIn("dispatcher");
    house({ "GET /api/v1/installation": found });
    const { page } = await shown(InstallationTab, { language: "en" });
    expect(page.find("[data-test=save-installation]").exists()).toBe(false);
    expect(page.get("[name=name_en]").attributes("disabled")).toBeDefined();
    expect(page.text()).toContain("Asia/Shanghai");
  });

  it("says why it cannot be read", async () => {
    house({ "GET /api/v1/installation": refused(503, "not_ready") });
    const { page } = await shown(InstallationTab);
    expect(page.get("[data-test=installation-problem]").text()).toContain(whatOf("not_ready", "zh"));
  });
});
