/** What an import leads to: links to first passwords, shown once; a token of a program that sends files. */
import { ElMessageBox } from "element-plus";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { me } from "../src/api.ts";
import { csvOf, saveText } from "../src/csv.ts";
import FeedToken from "../src/parts/FeedToken.vue";
import ImportAccounts from "../src/parts/ImportAccounts.vue";
import { house, overheard, press, refused, rowsOf, shown, signedIn, writes } from "./console_screen.ts";

const LINKS = "POST /api/v1/imports/r1/account-links";
const TOKENS = "POST /api/v1/imports/feed-tokens";
const link = (staff_number: string, more = {}) => ({
  staff_id: staff_number,
  staff_number,
  name: "钱一",
  login: staff_number,
  roles: ["representative"],
  token: `secret-${staff_number}`,
  until: "2026-12-01T03:00:00Z",
  ...more,
});
const made = (...links: object[]) => ({ links, left_out: 0, waiting: 0 });

beforeEach(() => signedIn("admin"));
afterEach(() => {
  me.signed = null;
});

describe("links to first passwords", () => {
  const accounts = (language: "zh" | "en" = "zh") =>
    shown(ImportAccounts, { props: { runId: "r1" }, language });

  it("are made for all at once and shown with whose they are", async () => {
    const asked = house({ [LINKS]: made(link("X01"), link("X02", { roles: ["dispatcher"], login: "sun" })) });
    const { page } = await accounts();
    expect(page.find('[data-test="save-links"]').exists()).toBe(false);
    await press(page, '[data-test="make-links"]');
    expect(writes(asked)[0]!.body).toEqual({ hours: 72, anew: false });
    const text = page.find('[data-test="links"]').text();
    // Who works on a phone opens it there, the others at the console.
    expect(text).toContain(`${location.origin}/m/invitation#secret-X01`);
    expect(text).toContain(`${location.origin}/#/invitation/secret-X02`);
    expect(page.find('[data-test="links-made"]').text()).toContain("生成 2 个链接");
  });

  it("stay on the page when more are made, and go when all are made anew", async () => {
    const confirm = vi.spyOn(ElMessageBox, "confirm").mockResolvedValue("confirm" as never);
    let n = 0;
    const asked = house({ [LINKS]: () => made(link(`X0${++n}`)) });
    const { page } = await accounts("en");
    await press(page, '[data-test="make-links"]');
    await press(page, '[data-test="make-links"]');
    expect(page.find('[data-test="links"]').text()).toMatch(/X01[^]*X02/);
    await press(page, '[data-test="make-anew"]');
    expect(writes(asked).at(-1)!.body).toEqual({ hours: 72, anew: true });
    expect(page.find('[data-test="links"]').text()).not.toContain("X01");
    confirm.mockRejectedValue("cancel");
    await press(page, '[data-test="make-anew"]');
    expect(writes(asked)).toHaveLength(3);
    confirm.mockRestore();
  });

  it("say why none can be made", async () => {
    const said = overheard();
    house({ [LINKS]: refused(403, "not_allowed") });
    const { page } = await accounts();
    await press(page, '[data-test="make-links"]');
    expect(said.error).toHaveLength(1);
    expect(page.find('[data-test="links"]').exists()).toBe(false);
  });

  it("go into a file that stays in the browser", async () => {
    const asked = house({ [LINKS]: made(link("X01", { name: "=cmd" })) });
    const { page } = await accounts();
    await press(page, '[data-test="make-links"]');
    const blobs: Blob[] = [];
    const names: string[] = [];
    const kept = vi.spyOn(URL, "createObjectURL").mockImplementation((blob) => {
      blobs.push(blob as Blob);
      return "blob:1";
    });
    // A browser would save it; here it would go there.
    const click = vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (
      this: HTMLAnchorElement,
    ) {
      names.push(this.download);
    });
    await press(page, '[data-test="save-links"]');
    const text = await blobs[0]!.text();
    expect(text).toContain("工号,姓名,登录名,角色,链接,有效期至");
    expect(text).toContain("X01,'=cmd,X01,");
    expect(names).toEqual(["密码链接.csv"]);
    kept.mockRestore();
    click.mockRestore();
    expect(writes(asked)).toHaveLength(1);
  });
});

describe("a table as CSV", () => {
  it("holds no formula, and quotes what needs it", () => {
    const text = csvOf([
      ["a", 'say "x"', "1,2"],
      ["+1", "＝1", "-"],
      ["x\ny", "@x", "b"],
    ]);
    expect(text).toBe(`\ufeffa,"say ""x""","1,2"\r\n'+1,'＝1,'-\r\n"x\ny",'@x,b\r\n`);
    expect(saveText).toBeTypeOf("function");
  });
});

describe("a feed's token", () => {
  const targets = [{ name: "customers", zh: "客户", en: "Customers", fields: [] }];
  const units = { "GET /api/v1/units": rowsOf({ id: "u", name: "北区" }) };
  const form = () => shown(FeedToken, { props: { targets }, without: ["ElSelect"] });

  it("is made for a program, one's own unit and customers, and shown once with how it is used", async () => {
    const asked = house({ ...units, [TOKENS]: { id: "1", token: "feed-secret" } });
    const { page } = await form();
    expect(page.find('[data-test="make-feed"]').attributes("disabled")).toBeDefined();
    expect(page.find('[data-test="feed-label"]').element.tagName).toBe("INPUT");
    await page.find('[data-test="feed-label"]').setValue(" 营收系统 ");
    await press(page, '[data-test="make-feed"]');
    expect(writes(asked)[0]!.body).toEqual({
      label: "营收系统",
      unit_id: "u",
      targets: ["customers"],
      days: 366,
    });
    expect(page.find('[data-test="feed-token"]').text()).toBe("feed-secret");
    const example = page.find("pre").text();
    expect(example).toContain("/api/v1/imports/feeds?unit_id=u&target=customers");
    expect(example).not.toContain("feed-secret");
  });

  it("says why it cannot be made", async () => {
    const said = overheard();
    house({ ...units, [TOKENS]: refused(403, "not_allowed") });
    const { page } = await form();
    await page.find('[data-test="feed-label"]').setValue("x");
    await press(page, '[data-test="make-feed"]');
    expect(said.error).toHaveLength(1);
    expect(page.find('[data-test="feed-token"]').exists()).toBe(false);
  });
});
