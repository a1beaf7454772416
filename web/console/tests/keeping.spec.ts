/** Channels of messages and how long data is kept: what is shown, tried and changed, and by whom. */
import { flushPromises } from "@vue/test-utils";
import { ElInputNumber, ElMessageBox } from "element-plus";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";

import { me } from "../src/api.ts";
import ChannelsTab from "../src/parts/ChannelsTab.vue";
import RetentionTab from "../src/parts/RetentionTab.vue";
import { isTopmost, units } from "../src/settings.ts";
import People from "../src/views/People.vue";
import {
  broken,
  held,
  house,
  overheard,
  press,
  refused,
  rowsOf,
  shown,
  signedIn,
  tableOf,
  whatOf,
  writes,
} from "./console_screen.ts";

const channel = (name: string, state: string, more = {}) => ({
  name,
  state,
  lacks: [],
  address: name === "sms" ? "phone" : name,
  has_address: true,
  ...more,
});
const OWN = "GET /api/v1/messages/addresses/staff/me";
const CHANNELS = "GET /api/v1/messages/channels";
const nowhere = { email: null, wecom: null, dingtalk: null };
const some = [
  channel("sms", "open"),
  channel("email", "begun", { lacks: ["WANGGE_SMTP_FROM"] }),
  channel("wecom", "off"),
  channel("dingtalk", "unset", { lacks: ["WANGGE_DINGTALK_APP_KEY", "WANGGE_DINGTALK_APP_SECRET"] }),
];
const kept = (name: string, days: number | null, more = {}) => ({
  name,
  words: { zh: `${name} 的数据`, en: `data of ${name}` },
  why: { zh: "因为", en: "because" },
  days,
  least: null,
  most: null,
  is_set: false,
  ...more,
});
const LIST = [
  kept("records", null),
  kept("facts", 7),
  kept("position_days", 30, { least: 1, most: 366 }),
  kept("message_days", 60, { least: 30, most: 3650, is_set: true }),
];

/** What is written where a reason is asked for; null where the person goes back. */
function writing(reason: string | null) {
  const spy = vi.spyOn(ElMessageBox, "prompt");
  if (reason === null) spy.mockRejectedValue("cancel");
  else spy.mockResolvedValue({ value: reason, action: "confirm" } as never);
  onTestFinished(() => spy.mockRestore());
  return spy;
}

beforeEach(() => signedIn("admin"));
afterEach(() => {
  me.signed = null;
  units.value = [];
});

describe("channels", () => {
  it("say in words what is missing", async () => {
    house({ [CHANNELS]: some, [OWN]: nowhere });
    const { page } = await shown(ChannelsTab);
    const rows = tableOf(page, '[data-test="channels"]');
    expect(rows.map((one) => one.slice(0, 3))).toEqual([
      ["短信", "可用", "—"],
      ["电子邮件", "配置不全", "发件人地址 (WANGGE_SMTP_FROM)"],
      ["企业微信", "已配置，未启用", "让运维人员把 WANGGE_NOTIFY_CHANNEL 设为 purposes 并重启"],
      ["钉钉", "未配置", "应用编号 (WANGGE_DINGTALK_APP_KEY)、应用密钥 (WANGGE_DINGTALK_APP_SECRET)"],
    ]);
    expect(page.findAll('[data-test="try"]')).toHaveLength(1);
    const other = (await shown(ChannelsTab, { language: "en" })).page;
    expect(tableOf(other, '[data-test="channels"]')[1]![2]).toBe("the sender's address (WANGGE_SMTP_FROM)");
  });

  it.each([
    [{ outcome: "sent", reason: null }, "已交给渠道，请看是否收到"],
    [{ outcome: "refused", reason: "no_template_code" }, "被拒绝：模板没有填写服务商模板编号"],
    [{ outcome: "later", reason: "smtp_451" }, "暂时没有接收，请稍后再试：smtp_451"],
  ])("answer a try with %o", async (answer, words) => {
    const waiting = held(answer);
    const asked = house({
      [CHANNELS]: some,
      [OWN]: nowhere,
      "POST /api/v1/messages/channels/sms/try": waiting.answer,
    });
    const { page } = await shown(ChannelsTab);
    await press(page, '[data-test="try"]');
    await press(page, '[data-test="try"]');
    await waiting.go();
    expect(writes(asked)).toHaveLength(1);
    expect(page.get('[data-test="tried"]').text()).toBe(words);
  });

  it("say what the server refuses, and when they cannot be read", async () => {
    const try_ = "POST /api/v1/messages/channels/sms/try";
    house({ [CHANNELS]: some, [OWN]: nowhere, [try_]: refused(409, "channel_closed") });
    const said = overheard();
    const { page } = await shown(ChannelsTab);
    await press(page, '[data-test="try"]');
    expect(said.error.join()).toContain(whatOf("channel_closed", "zh"));
    house({ [CHANNELS]: broken });
    const other = (await shown(ChannelsTab)).page;
    expect(other.find('[data-test="unread"]').exists()).toBe(true);
    expect(other.find('[data-test="own"]').exists()).toBe(false);
  });

  it("are not tried without an address, which one enters oneself", async () => {
    const set = "PUT /api/v1/messages/addresses/staff/me";
    const answers: Record<string, unknown> = {
      [CHANNELS]: [channel("email", "open", { has_address: false })],
      [OWN]: { ...nowhere, wecom: "li" },
      [set]: new Response(null, { status: 204 }),
    };
    const asked = house(answers);
    const { page } = await shown(ChannelsTab);
    expect(page.get('[data-test="try"]').attributes("disabled")).toBeDefined();
    expect(page.get('[data-test="channels"]').text()).toContain("先在下面填上您的邮箱");
    answers[CHANNELS] = [channel("email", "open")];
    await page.get("[name=own-email]").setValue(" li@water.example ");
    await page.get("[name=own-wecom]").setValue("");
    await page.get('[data-test="own"]').trigger("submit");
    await flushPromises();
    expect(writes(asked)[0]!.body).toEqual({ email: "li@water.example", wecom: null, dingtalk: null });
    expect(page.get('[data-test="try"]').attributes("disabled")).toBeUndefined();
  });
});

describe("retention", () => {
  const READ = "GET /api/v1/retention";
  const SET = "PATCH /api/v1/installation";
  const put = async (page: Awaited<ReturnType<typeof shown>>["page"], name: string, days: number | null) => {
    const field = page.findAllComponents(ElInputNumber).find((one) => one.props("name") === name)!;
    field.vm.$emit("update:modelValue", days);
    await flushPromises();
  };

  it("is read by who may not set it", async () => {
    house({ [READ]: LIST });
    const { page } = await shown(RetentionTab, { props: { maySet: false } });
    expect(tableOf(page, '[data-test="retention"]').map((one) => one.slice(1))).toEqual([
      ["一直保存", "系统固定"],
      ["7 天", "系统固定"],
      ["30 天", "默认，可设 1–366 天"],
      ["60 天", "管理员设定"],
    ]);
    expect(page.find('[data-test="save-retention"]').exists()).toBe(false);
  });

  it("is set with a reason, only what was changed", async () => {
    const answers: Record<string, unknown> = { [READ]: LIST, [SET]: {} };
    const asked = house(answers);
    const { page } = await shown(RetentionTab, { props: { maySet: true } });
    expect(page.findAllComponents(ElInputNumber)).toHaveLength(2);
    await put(page, "position_days", 30);
    expect(page.get('[data-test="save-retention"]').attributes("disabled")).toBeDefined();
    await put(page, "position_days", 90);
    expect(page.find('[data-test="shorter"]').exists()).toBe(false);
    const asking = writing("审计要求");
    answers[READ] = [kept("position_days", 90, { least: 1, most: 366, is_set: true })];
    await press(page, '[data-test="save-retention"]');
    expect(asking.mock.calls[0]![0]).toBe("请写明改动的原因：");
    expect(writes(asked)[0]!.body).toEqual({ retention: { position_days: 90 }, reason: "审计要求" });
    expect(page.get('[data-test="retention"]').text()).toContain("管理员设定");
  });

  it("warns of what is shortened, and writes nothing where the person goes back", async () => {
    const asked = house({ [READ]: LIST, [SET]: {} });
    const { page } = await shown(RetentionTab, { props: { maySet: true }, language: "en" });
    await put(page, "message_days", 30);
    expect(page.get('[data-test="shorter"]').text()).toBe("What is older is deleted within the hour");
    const asking = writing(null);
    await press(page, '[data-test="save-retention"]');
    expect(String(asking.mock.calls[0]![0])).toContain("cannot be brought back");
    expect(writes(asked)).toEqual([]);
  });

  it("goes back to the usual time by none", async () => {
    const asked = house({ [READ]: LIST, [SET]: {} });
    const { page } = await shown(RetentionTab, { props: { maySet: true } });
    writing("不再需要");
    await press(page, '[data-test="usual"]');
    expect(writes(asked)[0]!.body).toEqual({ retention: { message_days: null }, reason: "不再需要" });
  });

  it("keeps what was typed where the server refuses", async () => {
    house({ [READ]: LIST, [SET]: refused(403, "not_allowed") });
    const said = overheard();
    const { page } = await shown(RetentionTab, { props: { maySet: true } });
    await put(page, "position_days", 5);
    writing("试试");
    await press(page, '[data-test="save-retention"]');
    expect(said.error.join()).toContain(whatOf("not_allowed", "zh"));
    expect(page.find('[data-test="shorter"]').exists()).toBe(true);
  });
});

describe("the tabs", () => {
  const group = { id: "u", name: "集团", level: "group", parent_id: null };
  const tabs = async (unit: object, ...roles: string[]): Promise<string> => {
    signedIn(...roles);
    house({
      "GET /api/v1/units": rowsOf(unit),
      [CHANNELS]: some,
      "GET /api/v1/retention": LIST,
      "GET /api/v1/devices": [],
    });
    const { page } = await shown(People);
    await vi.waitFor(() => expect(units.value).toHaveLength(1));
    await flushPromises();
    return page.get(".el-tabs__nav").text();
  };

  it("of channels is the topmost administrators', of retention auditors' as well", async () => {
    expect(await tabs(group, "admin")).toMatch(/消息渠道.*保存期限/s);
    expect(isTopmost.value).toBe(true);
    const branch = await tabs({ ...group, parent_id: "g" }, "admin");
    expect(branch).not.toContain("消息渠道");
    expect(branch).toContain("保存期限");
    expect(await tabs(group, "auditor")).toContain("保存期限");
    expect(await tabs(group, "supervisor")).not.toMatch(/消息渠道|保存期限/);
  });
});
