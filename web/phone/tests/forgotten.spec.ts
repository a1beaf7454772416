/** PIN and password forgotten: nothing is lost, nobody but the phone reads it, and invitations. */
import "fake-indexeddb/auto";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { recoveredKey, newRecovery, newKey } from "@wangge/shared/sync/vault.ts";

// Files share their modules: this one begins with its own, and leaves none behind.
vi.resetModules();
afterAll(() => void vi.resetModules());
const { forget, people } = await import("../src/person.ts");
const { engine, lock, signIn, signInAgain, syncNow, unlock } = await import("../src/session.ts");
const { default: Enter } = await import("../src/views/Enter.vue");
const { default: Invitation } = await import("../src/views/Invitation.vue");
const { nothingSaid, now, shown } = await import("./phone_screen.ts");
const { Engine } = await import("@wangge/shared/sync/engine.ts");

const SIGNED = {
  access_token: "a",
  refresh_token: "r",
  staff_id: "me",
  unit_id: "u",
  roles: ["crew_leader"],
};
const SLOW = 30_000;
/** What the server keeps: the half by the phone's proof, and how far a request is. */
let kept: { half: string; proof: string }[];
let state: string;
let password: string;

function answer(path: string, method: string, token: string, body: Record<string, string>): Response {
  const no = (status: number, code: string): Response => Response.json({ code }, { status });
  if (path.endsWith("/sessions"))
    return body["password"] === password ? Response.json(SIGNED) : no(401, "wrong_credentials");
  const mine = kept.find((one) => token === `Bearer ${one.proof}`);
  if (path.endsWith("/mine/half")) {
    if (!mine || state !== "approved") return no(403, "not_approved");
    return body["password"] === password ? Response.json({ half: mine.half }) : no(401, "wrong_credentials");
  }
  if (path.endsWith("/mine") && method === "POST") state = "asked";
  if (path.endsWith("/phone-recoveries/mine")) return Response.json({ state, code: "012345" });
  if (method === "PUT" && path.includes("/phone-recoveries/")) {
    kept.push(body as never);
    return new Response(null, { status: 204 });
  }
  return no(404, "not_found");
}

beforeEach(() => {
  [kept, state, password] = [[], "kept", "riverside"];
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
    const headers = new Headers(init.headers);
    const body = init.body ? (JSON.parse(String(init.body)) as Record<string, string>) : {};
    return answer(url, init.method!, headers.get("Authorization") ?? "", body);
  });
  vi.spyOn(Engine.prototype, "sync").mockResolvedValue();
  nothingSaid();
});
afterEach(async () => {
  lock();
  vi.restoreAllMocks();
  vi.useRealTimers();
  for (const one of await people()) await forget(one);
});

/** Somebody who worked without a network, after the server had its half. */
async function worked(): Promise<void> {
  await signIn("R101", "riverside", "1357");
  await vi.waitFor(async () => expect((await people())[0]!.byRecovery).toBeTruthy(), SLOW);
  const store = engine.value!.store;
  await store.transaction(() => store.setMeta({ note: "没有网络时记的" }));
  lock();
}

async function entered() {
  const { page } = await shown(Enter, {}, "zh");
  await vi.waitFor(() => expect(page.find("form").exists()).toBe(true), SLOW);
  return page;
}

describe("the halves of a key", () => {
  it("open together what was sealed, and neither opens it alone", async () => {
    const key = await newKey();
    const { recovery, half } = await newRecovery(key, "id");
    const raw = async (one: CryptoKey) => [...new Uint8Array(await crypto.subtle.exportKey("raw", one))];
    expect(await raw(await recoveredKey(recovery, half))).toEqual(await raw(key));
    const other = crypto.getRandomValues(new Uint8Array(32));
    await expect(recoveredKey(recovery, other)).rejects.toThrow();
    await expect(recoveredKey({ ...recovery, own: other }, half)).rejects.toThrow();
    // What the server has holds nothing of what stays here.
    expect(recovery.proof).toMatch(/^[\w-]{43}$/);
    const next = await newRecovery(key, "id");
    expect([...next.half]).not.toEqual([...half]);
  });
});

describe("a forgotten PIN", () => {
  it(
    "is set anew after an approval, and what was not sent is there",
    async () => {
      await worked();
      // The password was reset meanwhile: the store is still sealed by the old one.
      password = "quartz lantern";
      const page = await entered();
      await page.get("form").findAll("button")[1]!.trigger("click");
      await page.get("[data-test=forgotten]").trigger("click");
      await vi.waitFor(() => expect(page.get("[data-test=code]").text()).toBe("012345"), SLOW);
      expect(kept).toHaveLength(1);
      expect(page.find("[data-test=open-approved]").exists()).toBe(false);
      state = "approved";
      await vi.waitFor(() => expect(page.find("[data-test=open-approved]").exists()).toBe(true), SLOW);
      for (const [name, text] of Object.entries({ password, pin: "2468", "pin-again": "2468" }))
        await page.get(`[name=${name}]`).setValue(text);
      await page.get("form").trigger("submit");
      await vi.waitFor(() => expect(engine.value).not.toBeNull(), SLOW);
      expect(engine.value!.store.meta("note", "")).toBe("没有网络时记的");
      // Both halves met once: the phone leaves new ones, and the new PIN and password open it.
      await syncNow();
      await vi.waitFor(() => expect(kept).toHaveLength(2), SLOW);
      expect(kept[1]!.half).not.toBe(kept[0]!.half);
      lock();
      await unlock((await people())[0]!, "2468");
      expect(engine.value!.store.meta("note", "")).toBe("没有网络时记的");
      lock();
      await signIn("R101", "quartz lantern", "1111");
      expect(engine.value!.store.meta("note", "")).toBe("没有网络时记的");
    },
    SLOW,
  );

  it(
    "is told of where the server has no half yet",
    async () => {
      vi.stubGlobal("fetch", async (url: string) => {
        if (url.endsWith("/sessions")) return Response.json(SIGNED);
        throw new TypeError("no network");
      });
      await signIn("R101", "riverside", "1357");
      lock();
      expect((await people())[0]!.byRecovery).toBeFalsy();
      const page = await entered();
      await page.get("form").findAll("button")[1]!.trigger("click");
      await page.get("[data-test=forgotten]").trigger("click");
      await now();
      expect(page.get("[role=alert]").text()).toContain("不要清空手机");
    },
    SLOW,
  );

  it(
    "needs no approval after the password was changed on this phone",
    async () => {
      await worked();
      await unlock((await people())[0]!, "1357");
      password = "quartz lantern";
      await signInAgain("quartz lantern");
      lock();
      await signIn("R101", "quartz lantern", "2222");
      expect(engine.value!.store.meta("note", "")).toBe("没有网络时记的");
    },
    SLOW,
  );
});

describe("an invitation", () => {
  const seen = {
    use: "invitation",
    name: "王芳",
    staff_number: "R101",
    unit: "一所",
    roles: ["crew_leader"],
  };
  it.each([
    ["zh", "开通账号"],
    ["en", "Open your account"],
  ] as const)("is taken on the phone, in %s", async (language, title) => {
    const sent: unknown[] = [];
    vi.stubGlobal("fetch", async (_: string, init: RequestInit) => {
      if (init.method === "GET") return Response.json(seen);
      sent.push([new Headers(init.headers).get("Authorization"), JSON.parse(String(init.body))]);
      return Response.json({ login: "R101", roles: [] });
    });
    location.hash = "#the-token";
    const { page } = await shown(Invitation, {}, language);
    await vi.waitFor(() => expect(page.find("form").exists()).toBe(true));
    expect(page.get("h1").text()).toBe(title);
    expect(page.text()).toContain("王芳 · R101 · 一所");
    await page.get("[name=password]").setValue("quartz lantern");
    await page.get("[name=password-again]").setValue("quartz lanterns");
    await page.get("form").trigger("submit");
    expect(sent).toEqual([]);
    await page.get("[name=password-again]").setValue("quartz lantern");
    await page.get("form").trigger("submit");
    await vi.waitFor(() => expect(page.emitted("done")).toEqual([["R101"]]));
    expect(sent).toEqual([["Bearer the-token", { password: "quartz lantern" }]]);
    location.hash = "";
  });

  it("says in words that it has ended", async () => {
    vi.stubGlobal("fetch", async () => Response.json({ code: "account_link_ended" }, { status: 410 }));
    const { page } = await shown(Invitation, {}, "zh");
    await vi.waitFor(() => expect(page.find("[role=alert]").exists()).toBe(true));
    expect(page.get("[role=alert]").text()).toContain("请管理员再发一个");
    await page.get("button").trigger("click");
    expect(page.emitted("done")).toEqual([[""]]);
  });
});
