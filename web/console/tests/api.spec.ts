/** The console's way to the server: who is signed in, tokens that end, refusals in words. */
import { afterEach, describe, expect, it, vi } from "vitest";

import { GET, got, me, pictureUrl, Refused, sentenceOf, signIn, signOut } from "../src/api.ts";
import { house, refused, signedIn } from "./console_screen.ts";

const SIGNED = {
  access_token: "new",
  refresh_token: "r2",
  staff_id: "me",
  unit_id: "u",
  roles: ["dispatcher"],
};
const unread = () => got(GET("/api/v1/inbox/facts"));

afterEach(() => {
  me.signed = null;
});

describe("signing in", () => {
  it("keeps who it is in this tab, and the browser's secret apart from it", async () => {
    const asked = house({ "POST /api/v1/sessions": { ...SIGNED, device_id: "d", device_secret: "s" } });
    await signIn("D101", "riverside");
    expect(me.signed).toMatchObject({ staff_id: "me", device_id: "d" });
    expect(JSON.parse(sessionStorage.getItem("wangge.console")!)).not.toHaveProperty("device_secret");
    expect(localStorage.getItem("wangge.device-secret")).toBe("s");
    expect(asked[0]!.body).toMatchObject({
      login: "D101",
      password: "riverside",
      device: { name: "console" },
    });
  });

  it("gives this browser another id where its own is somebody else's", async () => {
    localStorage.setItem("wangge.device", "taken");
    const asked = house({
      "POST /api/v1/sessions": ({ body }: { body: unknown }) =>
        (body as { device: { id: string } }).device.id === "taken" ? refused(409, "device_taken") : SIGNED,
    });
    await signIn("D101", "riverside");
    expect(asked).toHaveLength(2);
    expect(localStorage.getItem("wangge.device")).not.toBe("taken");
  });

  it("that is refused signs nobody in, and says why", async () => {
    house({ "POST /api/v1/sessions": refused(401, "wrong_login") });
    await expect(signIn("D101", "x")).rejects.toThrow(Refused);
    expect(me.signed).toBeNull();
  });

  it("ends with signing out, whatever the server says", () => {
    house({});
    signedIn("admin");
    signOut();
    expect([me.signed, sessionStorage.getItem("wangge.console")]).toEqual([null, null]);
  });
});

describe("a token that has ended", () => {
  const answer = (asked: { headers: Headers }): unknown =>
    asked.headers.get("Authorization") === "Bearer new" ? [] : refused(401, "not_signed_in");

  it("is renewed once for all who met its end", async () => {
    signedIn("dispatcher");
    const asked = house({ "GET /api/v1/inbox/facts": answer, "POST /api/v1/sessions/refresh": SIGNED });
    expect(await Promise.all([unread(), unread(), unread()])).toEqual([[], [], []]);
    expect(asked.filter((one) => one.path.endsWith("/refresh"))).toHaveLength(1);
    expect(me.signed!.refresh_token).toBe("r2");
  });

  it("is told to the tabs that were opened as copies of this one", async () => {
    const other = new BroadcastChannel("wangge.console");
    const told = new Promise<unknown>((done) => {
      other.onmessage = ({ data }: MessageEvent<unknown>) => done(data);
    });
    signedIn("dispatcher");
    house({ "GET /api/v1/inbox/facts": answer, "POST /api/v1/sessions/refresh": SIGNED });
    await unread();
    expect(await told).toEqual({ was: "r", signed: SIGNED });
    other.close();
  });

  it("is taken from such a tab, by whoever has the same one", async () => {
    const other = new BroadcastChannel("wangge.console");
    signedIn("dispatcher");
    other.postMessage({ was: "another's", signed: { ...SIGNED, access_token: "not mine" } });
    other.postMessage({ was: "r", signed: SIGNED });
    await vi.waitFor(() => expect(me.signed!.access_token).toBe("new"), 20_000);
    other.close();
  });

  it("signs out where it cannot be renewed", async () => {
    signedIn("dispatcher");
    house({
      "GET /api/v1/inbox/facts": answer,
      "POST /api/v1/sessions/refresh": refused(401, "session_ended"),
    });
    await expect(unread()).rejects.toMatchObject({ problem: { code: "not_signed_in" } });
    expect(me.signed).toBeNull();
  });

  it.each([503, 429])("stays signed in while the server cannot say: %i", async (status) => {
    signedIn("dispatcher");
    house({ "GET /api/v1/inbox/facts": answer, "POST /api/v1/sessions/refresh": refused(status, "busy") });
    await expect(unread()).rejects.toThrow(Refused);
    expect(me.signed).not.toBeNull();
  });
});

describe("an answer", () => {
  it("is what came", async () => {
    signedIn("dispatcher");
    house({ "GET /api/v1/inbox/facts": [{ id: "f" }] });
    expect(await unread()).toEqual([{ id: "f" }]);
  });

  it("that cannot be read is refused as such", async () => {
    signedIn("dispatcher");
    house({ "GET /api/v1/inbox/facts": new Response("", { status: 500 }) });
    await expect(unread()).rejects.toThrow(Refused);
  });

  it("that did not come is said in the reader's language", () => {
    expect(sentenceOf(new TypeError("fetch failed"), "zh")).toBe("服务器没有回答，请稍后再试");
    expect(sentenceOf(new TypeError("fetch failed"), "en")).toBe("The server does not answer; try again");
  });

  it("that says no is said by the catalogue", () => {
    const error = new Refused({ code: "not_allowed" });
    expect(sentenceOf(error, "zh")).toMatch(/[\u4e00-\u9fff]/);
    expect(sentenceOf(error, "en")).toMatch(/^[\x20-\x7e]+$/);
  });
});

describe("a picture", () => {
  const made = vi.fn(() => "blob:1");

  it.each([422, 503])("is the original while its copy for screens is not there: %i", async (status) => {
    vi.stubGlobal("URL", Object.assign(URL, { createObjectURL: made }));
    signedIn("dispatcher");
    const asked = house({
      "GET /api/v1/photo-content/p": ({ path }: { path: string }) =>
        path.includes("size=web") ? refused(status, "no_copy") : new Response("bytes"),
    });
    expect(await pictureUrl("p")).toBe("blob:1");
    expect(asked.map((one) => one.path.split("/").at(-1))).toEqual(["p?size=web", "p"]);
  });

  it("that may not be seen is none", async () => {
    signedIn("dispatcher");
    const asked = house({ "GET /api/v1/photo-content/p": refused(404, "not_found") });
    expect([await pictureUrl("p"), asked.length]).toEqual(["", 1]);
  });
});
