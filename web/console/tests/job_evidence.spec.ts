/** A job's evidence: photos that arrived and those that did not, the signature or why none, papers, links. */
import { ElImage, ElMessageBox } from "element-plus";
import { flushPromises } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { me } from "../src/api.ts";
import JobEvidence from "../src/parts/JobEvidence.vue";
import {
  type Asked,
  broken,
  held,
  house,
  overheard,
  type Page,
  press,
  refused,
  shown,
  signedIn,
  whatOf,
  writes,
} from "./console_screen.ts";

const LINK = "POST /api/v1/evidence/confirmations";
const picture = (id: string) => `GET /api/v1/photo-content/${id}`;
const bytes = (text: string) => new Response(text, { headers: { "Content-Type": "image/jpeg" } });
const signature = (more = {}) => ({
  id: "s",
  signer_name: "王小一",
  relation: "family",
  signed_at: "2026-12-01T01:05:00Z",
  sheet_sha256: "abc",
  device_check: "valid",
  strokes: {
    width: 200,
    height: 100,
    lines: [
      [
        [1, 2],
        [3, 4],
      ],
      [[5, 6]],
    ],
  },
  ...more,
});
/** Addresses of pictures that were made and not given back. */
let made: Set<string>;
const saved: { href: string; download: string }[] = [];

beforeEach(() => {
  signedIn("dispatcher");
  made = new Set();
  saved.length = 0;
  let count = 0;
  vi.spyOn(URL, "createObjectURL").mockImplementation((blob) => {
    const url = `blob:${(count += 1)}-${(blob as Blob).size}`;
    made.add(url);
    return url;
  });
  vi.spyOn(URL, "revokeObjectURL").mockImplementation((url) => void made.delete(url));
  vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) {
    saved.push({ href: this.href, download: this.download });
  });
});
afterEach(() => {
  me.signed = null;
  vi.restoreAllMocks();
});

async function evidence(
  job: object,
  answers: Parameters<typeof house>[0] = {},
  language: "zh" | "en" = "zh",
) {
  const said = overheard();
  const asked = house(answers);
  const props = { job: { id: "j", state: "in_progress", ...job } };
  const { page } = await shown(JobEvidence, { props, language });
  return { said, asked, page };
}
const sources = (page: Page): unknown[] => page.findAllComponents(ElImage).map((one) => one.props("src"));

describe("photos", () => {
  it("are shown for screens, each with its number, to be looked through", async () => {
    const { asked, page } = await evidence(
      { photo_ids: ["p", "q"] },
      { [picture("p")]: bytes("1"), [picture("q")]: bytes("22") },
      "en",
    );
    expect(asked.map((one) => one.path)).toEqual([
      "/api/v1/photo-content/p?size=web",
      "/api/v1/photo-content/q?size=web",
    ]);
    const images = page.findAllComponents(ElImage);
    expect(images.map((one) => one.attributes("alt") ?? one.vm.$attrs["alt"])).toEqual([
      "Photos 1",
      "Photos 2",
    ]);
    expect(images[1]!.props("previewSrcList")).toEqual(sources(page));
    expect(images[1]!.props("initialIndex")).toBe(1);
    expect(page.find("h3 .bad").exists()).toBe(false);
  });

  it.each([
    ["zh", "未到 2"],
    ["en", "not here yet 2"],
  ] as const)("that have not arrived are counted in %s beside those that have", async (language, words) => {
    const answers = { [picture("p")]: bytes("1"), [picture("r")]: broken };
    const { page } = await evidence({ photo_ids: ["p", "q", "r"] }, answers, language);
    expect(sources(page)).toHaveLength(1);
    expect(page.get("h3 .bad").text()).toBe(words);
  });

  it("of which none has arrived are missed all the same", async () => {
    const { page } = await evidence({ photo_ids: ["p"] });
    expect(page.get("h3").text()).toContain("未到 1");
  });

  it("that nobody took are no heading", async () => {
    const { asked, page } = await evidence({ photo_ids: [] });
    expect([asked.length, page.findAll("h3").length]).toEqual([0, 0]);
  });

  it("that come later take the place of those before, whose addresses are given back", async () => {
    const { page } = await evidence(
      { photo_ids: ["p"] },
      { [picture("p")]: bytes("1"), [picture("q")]: bytes("22") },
    );
    await page.setProps({ job: { id: "j", photo_ids: ["p", "q"] } } as never);
    await flushPromises();
    expect(sources(page)).toHaveLength(2);
    expect([...made]).toEqual(sources(page));
    page.unmount();
    expect(made.size).toBe(0);
  });

  it("answered late for a job before are not shown for this one, nor kept", async () => {
    const late = held(bytes("1"));
    const { page } = await evidence(
      { photo_ids: ["p"] },
      { [picture("p")]: late.answer, [picture("q")]: bytes("22") },
    );
    await page.setProps({ job: { id: "i", photo_ids: ["q"] } } as never);
    await flushPromises();
    const before = sources(page);
    await late.go();
    expect(before).toHaveLength(1);
    expect(sources(page)).toEqual(before);
    expect([...made]).toEqual(before);
  });

  it("answered after the panel is gone are not kept", async () => {
    const late = held(bytes("1"));
    const { page } = await evidence({ photo_ids: ["p"] }, { [picture("p")]: late.answer });
    page.unmount();
    await late.go();
    expect(made.size).toBe(0);
  });

  it.each([
    ["zh", ["没有修前照片", "没有 GPS"]],
    ["en", ["no photo from before", "no GPS"]],
  ] as const)("that lack something say what, in %s", async (language, words) => {
    const photo_reasons = [
      { zh: "没有修前照片", en: "no photo from before" },
      { zh: "没有 GPS", en: "no GPS" },
    ];
    const { page } = await evidence({ photo_reasons }, {}, language);
    expect(page.findAll("[data-test=photo-reason]").map((one) => one.text())).toEqual(words);
  });
});

describe("a signature", () => {
  const READ = "GET /api/v1/signatures/s";

  it.each([
    ["zh", "valid", "good", "王小一（家属）12/1 09:05", "与所签一致"],
    ["en", "changed", "bad", "王小一（Family）", "Changed since: sign again"],
    ["zh", "doubtful", "bad", "王小一", "签名存疑"],
    ["en", "other", "bad", "王小一", "Signed for another job"],
  ] as const)(
    "says in %s who signed and whether it stands: %s",
    async (language, state, tone, who, words) => {
      const job = { signature_id: "s", signature_state: state };
      const { page } = await evidence(job, { [READ]: signature() }, language);
      expect(page.text()).toContain(who);
      expect(page.get("[data-test=signature-state]").text()).toBe(words);
      expect(page.get("[data-test=signature-state]").classes()).toEqual([tone]);
    },
  );

  it("is drawn as it was written, and can be checked by anybody", async () => {
    const { page } = await evidence({ signature_id: "s" }, { [READ]: signature() });
    expect(page.get("svg.strokes").attributes("viewBox")).toBe("0 0 200 100");
    expect(page.findAll("polyline").map((one) => one.attributes("points"))).toEqual(["1,2 3,4", "5,6"]);
    expect(page.get("a").attributes("href")).toBe("/verify?s=s&h=abc");
  });

  it("without strokes, without a phone's own, was given at the door", async () => {
    const bare = signature({ strokes: null, device_check: null, way: null });
    const { page } = await evidence({ signature_id: "s" }, { [READ]: bare });
    expect(page.findAll("polyline")).toHaveLength(0);
    expect(page.text()).toContain("无设备签名");
    expect(page.get("[data-test=signature-way]").text()).toBe("当面签字");
  });

  it.each([
    ["zh", "王芳", "凭办公室转交的链接远程确认（链接经手人：王芳）"],
    ["en", "Fang", "Confirmed by a link handed on by the office（Link made by：Fang）"],
  ] as const)("by a link names in %s whoever made the link", async (language, name, words) => {
    const answers = {
      [READ]: signature({ way: "link_handed", way_by_id: "s1" }),
      "GET /api/v1/staff/s1": { id: "s1", name },
    };
    const { page } = await evidence({ signature_id: "s" }, answers, language);
    expect(page.get("[data-test=signature-way]").text()).toBe(words);
  });

  it("by a link of somebody who may not be seen names nobody", async () => {
    const answers = {
      [READ]: signature({ way: "link_handed", way_by_id: "s1" }),
      "GET /api/v1/staff/s1": refused(403, "not_allowed"),
    };
    const { page } = await evidence({ signature_id: "s" }, answers);
    expect(page.get("[data-test=signature-way]").text()).toBe("凭办公室转交的链接远程确认");
  });

  it("answered late for a job before does not stand under this one", async () => {
    const late = held(signature());
    const { page } = await evidence({ signature_id: "s" }, { [READ]: late.answer });
    await page.setProps({ job: { id: "i", unsigned_kind: "refused", unsigned_reason: "不肯签" } } as never);
    await flushPromises();
    await late.go();
    expect(page.find("svg.strokes").exists()).toBe(false);
    expect(page.text()).toContain("未签字 客户拒签：不肯签");
  });

  it.each([
    ["zh", { unsigned_kind: "absent" }, "未签字 客户不在场：家里没人"],
    ["en", { unsigned_kind: null }, "Not signed Another reason：家里没人"],
  ] as const)("that is missing says why in %s", async (language, job, words) => {
    const { page } = await evidence({ ...job, unsigned_reason: "家里没人" }, {}, language);
    expect(page.text()).toContain(words);
  });
});

describe("papers", () => {
  const pdf = () => new Response("%PDF", { headers: { "Content-Type": "application/pdf" } });
  const SHEET = "GET /api/v1/papers/service-sheets/j";
  const names = (page: Page) => page.findAll("[data-test]").map((one) => one.attributes("data-test"));

  it.each([
    ["in_progress", {}, []],
    ["partly_done", {}, ["sheet-pdf"]],
    ["done", {}, ["sheet-pdf", "send-link", "send-to-ledger"]],
    ["closed", { signature_state: "changed" }, ["sheet-pdf", "send-link", "send-to-ledger"]],
    ["closed", { signature_state: "valid", case_id: "c" }, ["sheet-pdf", "case-zip"]],
  ])("and links are offered where there is work to show: %s %j", async (state, job, offered) => {
    const { page } = await evidence({ state, ...job });
    expect(names(page)).toEqual(offered);
  });

  it.each(["zh", "en"] as const)("are opened in %s, the reader's language", async (language) => {
    const { asked, page } = await evidence({ state: "done" }, { [SHEET]: pdf() }, language);
    await press(page, "[data-test=sheet-pdf]");
    expect(asked.map((one) => one.path)).toEqual([`/api/v1/papers/service-sheets/j?language=${language}`]);
    expect(saved).toEqual([{ href: "blob:1-4", download: "" }]);
  });

  it.each([
    ["G-7", "case-G-7.zip"],
    [null, "case-c.zip"],
  ])("of a whole case are saved by the job's number, if it has one: %s", async (number, name) => {
    const { page } = await evidence(
      { state: "closed", case_id: "c", number },
      { "GET /api/v1/papers/cases/c": new Response("zip") },
    );
    await press(page, "[data-test=case-zip]");
    expect(saved).toEqual([{ href: "blob:1-3", download: name }]);
  });

  it.each(["zh", "en"] as const)("that may not be read say why in %s and open nothing", async (language) => {
    const { said, page } = await evidence(
      { state: "done" },
      { [SHEET]: refused(403, "not_allowed") },
      language,
    );
    await press(page, "[data-test=sheet-pdf]");
    expect(said.error.join()).toContain(whatOf("not_allowed", language));
    expect(saved).toEqual([]);
  });
});

describe("a link for a customer who was away", () => {
  const until = "2026-12-08T04:00:00Z";
  const done = { state: "done", signature_state: null };

  it("is made for a week, shown once, and copied", async () => {
    const alert = vi.spyOn(ElMessageBox, "alert").mockResolvedValue("confirm" as never);
    const writeText = vi.fn<(text: string) => Promise<void>>().mockResolvedValue();
    Object.defineProperty(navigator, "clipboard", { value: { writeText }, configurable: true });
    const { said, asked, page } = await evidence(done, { [LINK]: { url: "/confirm#t", until } });
    await press(page, "[data-test=send-link]");
    expect(writes(asked).map((one) => [one.method, one.path, one.body])).toEqual([
      ["POST", "/api/v1/evidence/confirmations", { work_order_id: "j", hours: 168, way: "link_handed" }],
    ]);
    const [link, title] = alert.mock.calls[0]!;
    expect([link, String(title)]).toEqual([
      `${location.origin}/confirm#t`,
      expect.stringContaining("2026年12月8日 12:00"),
    ]);
    expect(writeText.mock.calls).toEqual([[`${location.origin}/confirm#t`]]);
    expect(said.success).toEqual(["已复制"]);
  });

  it.each([
    ["zh", "链接将发到登记号码（尾号 0123），2026年12月8日 12:00 前有效"],
    [
      "en",
      "The link goes to the number on the ledger (ends in 0123) and holds until 8 December 2026 at 12:00",
    ],
  ] as const)("goes to the number on the ledger, said in %s by its end", async (language, words) => {
    const answers = { [LINK]: { url: "/confirm#t", until, number_end: "0123" } };
    const { said, asked, page } = await evidence(done, answers, language);
    await press(page, "[data-test=send-to-ledger]");
    expect(writes(asked)[0]!.body).toEqual({ work_order_id: "j", hours: 168, way: "link_to_ledger" });
    expect(said.success).toEqual([words]);
    expect(page.text()).not.toContain("/confirm#t");
  });

  it("is asked for once, whichever of the two is pressed meanwhile", async () => {
    const late = held({ url: "/confirm#t", until, number_end: "0123" });
    const { asked, page } = await evidence(done, { [LINK]: late.answer });
    await press(page, "[data-test=send-to-ledger]");
    await press(page, "[data-test=send-to-ledger]");
    await press(page, "[data-test=send-link]");
    await late.go();
    expect(writes(asked)).toHaveLength(1);
  });

  it.each([
    ["zh", "send-link", refused(409, "not_allowed"), whatOf("not_allowed", "zh")],
    ["en", "send-to-ledger", refused(409, "not_allowed"), whatOf("not_allowed", "en")],
    ["en", "send-link", broken, "The server does not answer; try again"],
  ] as const)("that is refused says why in %s (%s), and may be asked for again", async (...given) => {
    const [language, button, answer, words] = given;
    const { said, asked, page } = await evidence(
      done,
      { [LINK]: answer as (one: Asked) => unknown },
      language,
    );
    await press(page, `[data-test=${button}]`);
    await press(page, `[data-test=${button}]`);
    expect(said.error.join()).toContain(words);
    expect([writes(asked).length, said.success.length]).toEqual([2, 0]);
  });
});
