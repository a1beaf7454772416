/** A password of one's own: at the first sign-in, and by a link that an administrator gave out. */
import { afterEach, describe, expect, it, vi } from "vitest";

import App from "../src/App.vue";
import { me } from "../src/api.ts";
import { house, press, refused, shown, signedIn, whatOf, writes } from "./console_screen.ts";

type Page = Awaited<ReturnType<typeof shown>>["page"];

afterEach(() => {
  me.signed = null;
  location.hash = "";
});

async function type(page: Page, values: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(values)) await page.get(`[name=password-${name}]`).setValue(text);
  await page.get("form").trigger("submit");
}

describe("whoever got a password from somebody else", () => {
  it.each([
    ["zh", "请设置自己的密码"],
    ["en", "Choose a password of your own"],
  ] as const)("chooses one before anything else, in %s", async (language, title) => {
    signedIn("admin");
    me.signed!.must_change_password = true;
    const asked = house({ "PUT /api/v1/sessions/password": new Response(null, { status: 204 }) });
    const { page } = await shown(App, { language });
    expect(page.get("h1").text()).toBe(title);
    expect(page.find("nav").exists()).toBe(false);
    await type(page, { old: "given", new: "quartz lantern", again: "quartz lanterns" });
    expect(writes(asked)).toEqual([]);
    await type(page, { again: "quartz lantern" });
    await vi.waitFor(() => expect(page.find("nav").exists()).toBe(true));
    expect(writes(asked)[0]!.body).toEqual({ old: "given", new: "quartz lantern" });
  });

  it("is told what is wrong with it", async () => {
    signedIn("admin");
    me.signed!.must_change_password = true;
    house({ "PUT /api/v1/sessions/password": refused(422, "password_too_weak") });
    const { page } = await shown(App);
    await type(page, { old: "given", new: "1234567890", again: "1234567890" });
    await vi.waitFor(() => expect(page.text()).toContain(whatOf("password_too_weak", "zh")));
    expect(me.signed!.must_change_password).toBe(true);
  });
});

describe("a link to an account", () => {
  const seen = { use: "password", name: "王芳", staff_number: "R101", unit: "一所", roles: ["auditor"] };
  it("leads to a password, and then to signing in", async () => {
    location.hash = "#/invitation/the-token";
    const asked = house({
      "GET /api/v1/account-links/mine": seen,
      "PUT /api/v1/account-links/mine": { login: "R101", roles: [] },
    });
    const { page } = await shown(App);
    await vi.waitFor(() => expect(page.find("[name=password-new]").exists()).toBe(true));
    expect(page.text()).toContain("王芳 · R101 · 一所");
    expect(page.text()).toContain("审计员");
    await type(page, { new: "quartz lantern", again: "quartz lantern" });
    await vi.waitFor(() => expect(page.find("[name=login]").exists()).toBe(true));
    expect(writes(asked)[0]!.headers.get("Authorization")).toBe("Bearer the-token");
    expect((page.get("[name=login]").element as HTMLInputElement).value).toBe("R101");
    expect(location.hash).toBe("");
  });

  it("says that it has ended", async () => {
    location.hash = "#/invitation/the-token";
    house({ "GET /api/v1/account-links/mine": refused(410, "account_link_ended") });
    const { page } = await shown(App, { language: "en" });
    await vi.waitFor(() => expect(page.find("[role=alert]").exists()).toBe(true));
    expect(page.get("[role=alert]").text()).toContain(whatOf("account_link_ended", "en"));
    expect(page.find("[data-test=own-password]").exists()).toBe(false);
    await press(page, "a");
  });
});
