/** The console hears a little before the sign-in, and all of it after. */
import { flushPromises } from "@vue/test-utils";
import { afterEach, describe, expect, it } from "vitest";

import { installed, USUAL } from "@wangge/shared/installation.ts";

import { me } from "../src/api.ts";
import { followInstallation, readInstallation } from "../src/installation.ts";
import { house, refused, signedIn } from "./console_screen.ts";

const PUBLIC = { ...USUAL, time_zone: "America/Los_Angeles", currency: "USD" };
const WHOLE = { ...PUBLIC, posts: [{ code: "diver", zh: "潜水员", en: "Diver" }], version: 2 };
const ANSWERS = { "GET /api/v1/public/installation": PUBLIC, "GET /api/v1/installation": WHOLE };

let end = (): void => undefined;
afterEach(() => {
  end();
  me.signed = null;
});

describe("the console", () => {
  it("asks for no more than anybody may know while nobody has signed in", async () => {
    me.signed = null;
    const asked = house(ANSWERS);
    end = followInstallation();
    await flushPromises();
    expect(asked.map((one) => one.path)).toEqual(["/api/v1/public/installation"]);
    expect([installed().currency, installed().posts]).toEqual(["USD", undefined]);
  });

  it("asks for the rest once somebody has, in their name", async () => {
    const asked = house(ANSWERS);
    end = followInstallation();
    await flushPromises();
    signedIn("dispatcher");
    await flushPromises();
    expect(asked.at(-1)?.headers.get("Authorization")).toBe("Bearer a");
    expect(installed().posts).toEqual(WHOLE.posts);
  });

  it("goes by what it heard before where the server says nothing", async () => {
    signedIn("dispatcher");
    house({ ...ANSWERS, "GET /api/v1/installation": refused(503, "not_ready") });
    end = followInstallation();
    await flushPromises();
    await readInstallation();
    expect([installed().currency, installed().posts]).toEqual(["USD", undefined]);
  });
});
