/** What was sent: who sees what of it, sending again, purposes with their templates. */
import { ElMessageBox } from "element-plus";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";

import { me } from "../src/api.ts";
import { CHANNELS, reasonWord, STATES } from "../src/messages.ts";
import Messages from "../src/views/Messages.vue";
import { en } from "../src/en/index.ts";
import { zh } from "../src/zh/index.ts";
import {
  type Asked,
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
  writes,
} from "./console_screen.ts";

const message = (id: string, more: object = {}) => ({
  id,
  number: 7,
  purpose: "urgent_notice",
  channel: "sms",
  state: "sent",
  reason: null,
  party_kind: "staff",
  party_id: `p-${id}`,
  party_name: "王芳",
  subject_kind: "notice",
  subject_id: "n",
  address_masked: "139******11",
  edition: 1,
  language: "zh",
  repeats: 0,
  attempts: 0,
  wanted_at: "2026-12-01T01:05:00Z",
  due_at: null,
  sent_at: "2026-12-01T01:06:00Z",
  ended_at: null,
  ...more,
});
const failed = message("f", { state: "failed", reason: "isv.MOBILE_NUMBER_ILLEGAL", sent_at: null });
const unknown = message("u", { state: "unknown", reason: "broken_off", party_id: null, party_name: null });
const waits = message("w", {
  state: "wanted",
  reason: "quiet_hours",
  due_at: "2026-12-02T00:00:00Z",
  attempts: 2,
  sent_at: null,
});
const page_of = (...rows: object[]) => ({
  rows,
  has_more: false,
  counts: { sent: 3, failed: 1 },
  channels: ["sms", "wecom"],
});
const purpose = {
  name: "urgent_notice",
  title: { zh: "紧急通知", en: "Urgent notice" },
  takes: [{ name: "text", type: "words", must: true }],
  is_urgent: true,
  asks_consent: false,
  channels: ["wecom", "sms"],
  quiet_from_hour: 21,
  quiet_until_hour: 8,
  usual: { zh: "<text>", en: "<text>" },
  editions: [
    {
      language: "zh",
      edition: 2,
      valid_from: "2026-12-01T01:05:00Z",
      title: "急",
      body: "【急】{text}",
      code: "SMS_1",
      is_in_force: true,
    },
  ],
};
const link = { ...purpose, name: "link", title: { zh: "链接", en: "Link" }, is_urgent: false };
const LIST = "GET /api/v1/messages";
const TEMPLATES = "POST /api/v1/messages/templates";

beforeEach(() => signedIn("admin"));
afterEach(() => (me.signed = null));

async function messages(answers: Parameters<typeof house>[0] = {}, language: "zh" | "en" = "zh") {
  const asked = house({
    [LIST]: page_of(message("s"), failed, unknown, waits),
    "GET /api/v1/messages/purposes": [purpose, link],
    "POST /api/v1/messages/f/again": new Response(null, { status: 204 }),
    ...answers,
  });
  const { page } = await shown(Messages, { language, without: ["ElSelect", "ElDatePicker"] });
  return { asked, page };
}
const agreed = (yes: boolean) => {
  const spy = vi
    .spyOn(ElMessageBox, "confirm")
    .mockImplementation((() =>
      yes ? Promise.resolve("confirm") : Promise.reject(new Error("no"))) as never);
  onTestFinished(() => spy.mockRestore());
  return spy;
};

describe("what was sent", () => {
  it("says of each what for, to whom, by what, and what became of it", async () => {
    const { page } = await messages();
    const [sent, bad, odd, later] = tableOf(page, "[data-test=messages]");
    expect(sent!.slice(1, 4)).toEqual(["紧急通知", "王芳139******11", "短信"]);
    expect(sent![4]).toContain("已发出");
    expect(bad![4]).toContain("isv.MOBILE_NUMBER_ILLEGAL");
    expect(odd![2]).toBe("139******11");
    expect(odd![4]).toContain("发送时中断");
    expect(later![4]).toMatch(/免打扰.*已试 2 次/s);
    expect(page.findAll("[data-test=again]")).toHaveLength(2);
  });

  it("says it in English too, and which channels are open", async () => {
    const { page } = await messages({}, "en");
    expect(tableOf(page, "[data-test=messages]")[3]![4]).toContain("quiet hours");
    expect(page.text()).toContain("WeCom");
    const none = await messages({ [LIST]: { ...page_of(), channels: [] } }, "en");
    expect(none.page.text()).toContain("nothing leaves the house");
  });

  it("shows those of one state, of one person, and the page after", async () => {
    const { asked, page } = await messages({ [LIST]: { ...page_of(message("s"), failed), has_more: true } });
    const last = (): string => asked.filter((one) => one.path.startsWith("/api/v1/messages?")).at(-1)!.path;
    await press(page, "[data-test=counts] button:nth-child(5)");
    expect(last()).toContain("state=failed");
    await press(page, "[data-test=counts] button:nth-child(5)");
    expect(last()).not.toContain("state=");
    await press(page, "[data-test=whom]");
    expect(last()).toContain("party_id=p-s");
    expect(page.find("[data-test=person]").text()).toBe("王芳");
    await press(page, "[data-test=more]");
    expect(last()).toContain("before=7");
    expect(tableOf(page, "[data-test=messages]")).toHaveLength(4);
  });

  it("sends one again only when a person says so", async () => {
    const said = overheard();
    const { asked, page } = await messages();
    agreed(false);
    await press(page, "[data-test=again]");
    expect(writes(asked)).toEqual([]);
    agreed(true);
    await press(page, "[data-test=again]");
    expect(writes(asked).map((one) => one.path)).toEqual(["/api/v1/messages/f/again"]);
    expect(said.success).toEqual(["已重新排队"]);
  });

  it("warns that what may have gone may arrive twice, and says why the server would not", async () => {
    const said = overheard();
    const spy = agreed(true);
    const { page } = await messages({
      "POST /api/v1/messages/u/again": refused(409, "cannot_send_again", { state: "sent" }),
    });
    await page.findAll("[data-test=again]")[1]!.trigger("click");
    await vi.waitFor(() => expect(said.error).toHaveLength(1));
    expect(String(spy.mock.calls[0]![0])).toContain("两次");
    expect(said.error[0]).toContain(whatOf("cannot_send_again", "zh"));
  });

  it("says why nobody else sees it", async () => {
    const { page } = await messages({ [LIST]: refused(403, "not_allowed") });
    expect(page.find("[role=alert]").text()).toContain(whatOf("not_allowed", "zh"));
    expect(page.find("[data-test=messages]").exists()).toBe(false);
  });
});

describe("answers that are late, lost or refused", () => {
  const list = (page: Parameters<typeof tableOf>[0]): number => tableOf(page, "[data-test=messages]").length;

  it("shows what was asked for last, whichever answer comes last", async () => {
    const slow = held(page_of(failed, unknown, waits));
    const { page } = await messages({
      [LIST]: (asked: Asked) => (asked.path.includes("state=failed") ? slow.answer() : page_of(message("s"))),
    });
    await press(page, "[data-test=counts] button:nth-child(5)");
    await press(page, "[data-test=counts] button:nth-child(5)");
    await slow.go();
    expect(list(page)).toBe(1);
    expect(page.find("[data-test=messages]").text()).toContain("已发出");
  });

  it("adds the page after once, however often it is asked for", async () => {
    const next = held(page_of(failed));
    const { page } = await messages({
      [LIST]: (asked: Asked) =>
        asked.path.includes("before=") ? next.answer() : { ...page_of(message("s")), has_more: true },
    });
    await press(page, "[data-test=more]");
    await press(page, "[data-test=more]");
    await next.go();
    expect(list(page)).toBe(2);
    expect(page.find("[data-test=more]").exists()).toBe(false);
  });

  it("leaves out what came of another choice than the one that stands", async () => {
    const next = held(page_of(unknown));
    const { page } = await messages({
      [LIST]: (asked: Asked) =>
        asked.path.includes("before=") ? next.answer() : { ...page_of(failed), has_more: true },
    });
    await press(page, "[data-test=more]");
    await press(page, "[data-test=counts] button:nth-child(5)");
    await next.go();
    expect(list(page)).toBe(1);
  });

  it("says that the line broke, and reads again when somebody says so", async () => {
    let answer: () => unknown = broken;
    const { page } = await messages({ [LIST]: () => answer() });
    expect(page.find("[role=alert]").text()).not.toBe("");
    answer = () => page_of(message("s"));
    await press(page, "[data-test=reload]");
    expect(page.find("[role=alert]").exists()).toBe(false);
    expect(list(page)).toBe(1);
  });

  it("does not call a failure what somebody no longer asks about", async () => {
    const slow = held(refused(503, "not_ready"));
    const { page } = await messages({
      [LIST]: (asked: Asked) => (asked.path.includes("state=failed") ? slow.answer() : page_of(message("s"))),
    });
    await press(page, "[data-test=counts] button:nth-child(5)");
    await press(page, "[data-test=counts] button:nth-child(5)");
    await slow.go();
    expect(page.find("[role=alert]").exists()).toBe(false);
  });

  it("sends one again once, however often it is pressed", async () => {
    const said = overheard();
    agreed(true);
    const slow = held(new Response(null, { status: 204 }));
    const { asked, page } = await messages({ "POST /api/v1/messages/f/again": slow.answer });
    await page.find("[data-test=again]").trigger("click");
    await page.find("[data-test=again]").trigger("click");
    await slow.go();
    await vi.waitFor(() => expect(said.success).toHaveLength(1));
    expect(writes(asked)).toHaveLength(1);
    expect(asked.filter((one) => one.path.startsWith("/api/v1/messages?"))).toHaveLength(2);
  });

  it("can be tried again after a refusal", async () => {
    const said = overheard();
    agreed(true);
    let answer = refused(409, "cannot_send_again", { state: "no_channel" });
    const { asked, page } = await messages({ "POST /api/v1/messages/f/again": () => answer });
    await press(page, "[data-test=again]");
    await vi.waitFor(() => expect(said.error).toHaveLength(1));
    answer = new Response(null, { status: 204 });
    await press(page, "[data-test=again]");
    await vi.waitFor(() => expect(said.success).toHaveLength(1));
    expect(writes(asked)).toHaveLength(2);
  });

  it.each(["zh", "en"] as const)(
    "shows the list with bare names where purposes are not told (%s)",
    async (language) => {
      const { page } = await messages(
        { "GET /api/v1/messages/purposes": refused(503, "not_ready"), [LIST]: page_of(failed) },
        language,
      );
      expect(tableOf(page, "[data-test=messages]")[0]![1]).toBe("urgent_notice");
    },
  );

  it.each([
    ["zh", "没有消息"],
    ["en", (en["messages"] as Record<string, string>)["none"]!],
  ] as const)("says that there is nothing on an empty day (%s)", async (language, words) => {
    const { page } = await messages({ [LIST]: { ...page_of(), counts: {} } }, language);
    expect(page.text()).toContain(words);
    expect(page.findAll("[data-test=counts] b").map((one) => one.text())).toEqual(STATES.map(() => "0"));
    expect(page.find("[data-test=more]").exists()).toBe(false);
  });

  it("shows nobody's message of a broken fact without a channel or an address", async () => {
    const bare = {
      party_id: null,
      party_name: null,
      address_masked: null,
      channel: "",
      purpose: "unreadable",
    };
    const { page } = await messages({
      [LIST]: page_of(message("b", { ...bare, state: "failed", reason: "unreadable", sent_at: null })),
    });
    const [row] = tableOf(page, "[data-test=messages]");
    expect(row!.slice(1, 4)).toEqual(["unreadable", "—", "—"]);
    expect(row![4]).toContain("内容无法读取");
    expect(page.find("[data-test=whom]").exists()).toBe(false);
  });

  it("goes from one person back to everybody", async () => {
    const { asked, page } = await messages({ [LIST]: page_of(message("s")) });
    await press(page, "[data-test=whom]");
    await page.find("[data-test=person] .el-tag__close").trigger("click");
    expect(page.find("[data-test=person]").exists()).toBe(false);
    const last = asked.filter((one) => one.path.startsWith("/api/v1/messages?")).at(-1)!;
    expect(last.path).not.toContain("party_id");
  });
});

describe("purposes and templates", () => {
  async function templates(answers: Parameters<typeof house>[0] = {}) {
    const found = await messages(answers);
    await found.page.find("#tab-templates").trigger("click");
    return found;
  }

  it("shows the editions, and how words would read", async () => {
    const { asked, page } = await templates({ [`${TEMPLATES}/rendering`]: { text: "【急】爆管" } });
    expect(tableOf(page, "[data-test=editions]")[0]!.slice(0, 2)).toEqual(["2", "中文"]);
    await page.find("[data-test=body] textarea, textarea[data-test=body]").setValue("【急】{text}");
    await press(page, "[data-test=render]");
    expect(page.find("[data-test=rendered]").text()).toBe("【急】爆管");
    expect(writes(asked)[0]!.body).toEqual({
      purpose: "urgent_notice",
      language: "zh",
      body: "【急】{text}",
    });
  });

  it("makes a new edition, and keeps channels and hours", async () => {
    const said = overheard();
    const { asked, page } = await templates({
      [TEMPLATES]: { edition: 3 },
      "PUT /api/v1/messages/purposes/urgent_notice": new Response(null, { status: 204 }),
    });
    await page.find("[data-test=body] textarea, textarea[data-test=body]").setValue("{text}");
    await press(page, "[data-test=add-edition]");
    await press(page, "[data-test=set-purpose]");
    const [made, set] = writes(asked).map((one) => one.body as Record<string, unknown>);
    expect(made).toMatchObject({ purpose: "urgent_notice", language: "zh", body: "{text}", code: null });
    expect(set).toEqual({ channels: ["wecom", "sms"], quiet_from_hour: 21, quiet_until_hour: 8 });
    expect(said.success).toHaveLength(2);
  });

  it("says what is wrong with a template", async () => {
    const said = overheard();
    const fault = { field: "body", code: "missing_value", zh: "必须写出 {text}", en: "{text} must stand" };
    const { page } = await templates({ [TEMPLATES]: refused(422, "invalid", { faults: [fault] }) });
    await press(page, "[data-test=add-edition]");
    expect(said.error[0]).toContain("必须写出");
  });

  it("is only looked at by the service centre", async () => {
    signedIn("hotline_agent");
    const { page } = await templates();
    expect(page.find("[data-test=set-purpose]").exists()).toBe(false);
    expect(page.find("[data-test=add-edition]").exists()).toBe(false);
    expect(page.find("[data-test=render]").exists()).toBe(true);
  });
});

it("has a word for every state, channel and reason in both languages", () => {
  for (const words of [zh, en]) {
    const told = words["messages"] as Record<string, string>;
    for (const one of STATES) expect(told[one]).toBeTruthy();
    for (const one of CHANNELS) expect(told[`channel_${one}`]).toBeTruthy();
    expect(reasonWord("no_phone", (key) => told[key.replace("messages.", "")]!)).toBe(told["why_no_phone"]);
    expect(reasonWord("isv.X", () => "no")).toBe("isv.X");
  }
});
