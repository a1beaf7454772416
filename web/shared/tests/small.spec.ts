/** Small things that both apps stand on: tokens, ids, clocks, nudges, the sheet to sign. */
import { describe, expect, it, vi } from "vitest";

import { tokenOf } from "../link_token.ts";
import { sheetHash, sheetOf, statement } from "../sheet.ts";
import { browserClock, earlier, moment } from "../sync/clock.ts";
import { newDeviceKey, placeText, signedBy } from "../sync/device_key.ts";
import { newId, sha256Hex, toHex } from "../sync/ids.ts";
import { httpLink, Offline, Refused } from "../sync/link.ts";
import { listenOnce } from "../sync/nudges.ts";
import { sheetLines } from "../vocabulary/sheet_lines.ts";

describe("the token of a link", () => {
  it.each([
    ["#abc.DEF-1_2", "abc.DEF-1_2"],
    ["", ""],
    ["#", ""],
    // What mail and people put round it.
    ["#abc.", "abc"],
    ["#abc...", "abc"],
    ["#abc%20", "abc"],
    ["#<abc>", "abc"],
    ["#abc。", "abc"],
    ["#%E3%80%8Aabc%E3%80%8B", "abc"],
    // Cut in the middle of a sign.
    ["#abc%E3%80", "abcE380"],
  ])("of %j is %j", (hash, token) => {
    expect(tokenOf(hash)).toBe(token);
  });
});

describe("an id", () => {
  it("is a UUIDv7 that says when it was made", () => {
    const id = newId(Date.parse("2026-12-01T01:05:00Z"));
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(parseInt(id.replaceAll("-", "").slice(0, 12), 16)).toBe(Date.parse("2026-12-01T01:05:00Z"));
  });

  it("sorts by its moment and is never given twice", () => {
    expect(newId(1_000) < newId(2_000)).toBe(true);
    expect(new Set(Array.from({ length: 1_000 }, () => newId(1_000))).size).toBe(1_000);
  });

  it("and hashes are written as hexadecimal text", async () => {
    expect(toHex(new Uint8Array([0, 9, 16, 255]))).toBe("000910ff");
    expect(toHex(new Uint8Array())).toBe("");
    expect(await sha256Hex(new TextEncoder().encode("abc"))).toMatch(/^ba7816bf8f01cfea414140de5dae2223/);
  });
});

describe("clocks", () => {
  it("of a browser count for one run", () => {
    const [one, two] = [browserClock(), browserClock()];
    expect(one.boot).not.toBe(two.boot);
    expect(Number.isInteger(one.monotonicMs())).toBe(true);
    expect(Math.abs(one.now() - Date.now())).toBeLessThan(5_000);
    expect(moment({ ...one, now: () => 0 })).toBe("1970-01-01T00:00:00.000Z");
  });

  it.each([
    ["2026-12-10T00:00:00.000Z", "2026-11-10T00:00:00.000Z"],
    ["2026-11-01T00:00:00.000Z", "2026-11-01T00:00:00.000Z"],
  ])("keep receipts for a month, and longer while no backup holds them: %s", (through, kept) => {
    expect(earlier(through, "2026-12-10T00:00:00.000Z")).toBe(kept);
  });
});

describe("the server's nudges", () => {
  const stream = (...parts: string[]): Response => new Response(parts.join(""), { status: 200 });
  const inParts = (...parts: string[]): Response => {
    const body = new ReadableStream({
      start(out) {
        for (const part of parts) out.enqueue(new TextEncoder().encode(part));
        out.close();
      },
    });
    return new Response(body, { status: 200 });
  };

  it("are heard, and the next stream is asked for soon", async () => {
    const heard = vi.fn();
    expect(await listenOnce(stream("event: pull\ndata: 1\n\n"), heard)).toBe(3);
    expect(heard).toHaveBeenCalledTimes(1);
  });

  it("are heard in whatever pieces they come", async () => {
    const heard = vi.fn();
    await listenOnce(inParts("eve", "nt: pu", "ll\n", ": still here\n", "event: pull\n", "event: pu"), heard);
    expect(heard).toHaveBeenCalledTimes(2);
  });

  it("are not what merely begins like them", async () => {
    const heard = vi.fn();
    await listenOnce(inParts("event: pulled\n", ": event: pull\n"), heard);
    expect(heard).not.toHaveBeenCalled();
  });

  it.each([
    [new Response("", { status: 429, headers: { "Retry-After": "7" } }), 7],
    [new Response("", { status: 503 }), 30],
    [new Response(null, { status: 200 }), 30],
  ])("that cannot be had are asked for later", async (answer, seconds) => {
    expect(await listenOnce(answer, () => undefined)).toBe(seconds);
  });
});

describe("the sheet that is signed", () => {
  const job = {
    number: "W-1",
    result: "换阀",
    told_cost_fen: 4550,
    remainder: "",
    diagnosis: null,
    secret: "x",
  };

  it("holds what was said and the photos in their order, and nothing else", () => {
    expect(sheetOf(job, ["b", "a"])).toEqual({
      number: "W-1",
      result: "换阀",
      told_cost_fen: 4550,
      photos: ["a", "b"],
    });
    expect(sheetOf({}, [])).toEqual({ photos: [] });
  });

  it("has one hash, in whatever order its fields and photos came", async () => {
    const one = await sheetHash(sheetOf(job, ["b", "a"]));
    const { number, ...others } = job;
    expect(await sheetHash(sheetOf({ ...others, number }, ["a", "b"]))).toBe(one);
    expect(await sheetHash(sheetOf({ ...job, result: "换管" }, ["a", "b"]))).not.toBe(one);
  });

  it("is read before it is signed: labels, money with its currency, parts with their number", () => {
    const sheet = { ...sheetOf(job, ["a"]), parts: [{ name: "阀门", quantity: 2 }] };
    const zh = sheetLines(sheet as never, "zh");
    expect(zh.map(([, text]) => text)).toEqual(
      ["W-1", "换阀", "¥45.50", "阀门 × 2"].sort((a, b) => at(zh, a) - at(zh, b)),
    );
    expect(zh.map(([label]) => label).join()).not.toMatch(/分[）)]/);
    expect(sheetLines(sheet as never, "en").map(([, text]) => text)).toContain("CN¥45.50");
    expect(sheetLines({ photos: [] }, "zh")).toEqual([]);
  });
  const at = (lines: [string, string][], text: string): number => lines.findIndex(([, one]) => one === text);

  it("is bound to who signed, where and with which strokes", async () => {
    const signature = {
      of_kind: "work_order",
      of_id: "j",
      sheet_sha256: "0",
      signer_name: "王芳",
      strokes: [[[1, 2, 3]]],
    };
    const said = await statement("s", "d", {
      ...signature,
      place: { coordinates: [120.3812345678, 36.07] },
    } as never);
    expect(JSON.parse(said)).toMatchObject({
      id: "s",
      device_id: "d",
      place: "120.381235,36.070000",
      relation: null,
    });
    expect(JSON.parse(said)).not.toHaveProperty("strokes");
    const other = await statement("s", "d", { ...signature, strokes: [[[1, 2, 4]]] } as never);
    expect(JSON.parse(other).strokes_sha256).not.toBe(JSON.parse(said).strokes_sha256);
  });
});

describe("the device's key", () => {
  it("signs what its public half confirms", async () => {
    const key = await newDeviceKey();
    const bytes = (text: string) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
    const its = await crypto.subtle.importKey(
      "spki",
      bytes(key.public),
      { name: "ECDSA", namedCurve: "P-256" },
      false,
      ["verify"],
    );
    const confirms = async (text: string) =>
      crypto.subtle.verify(
        { name: "ECDSA", hash: "SHA-256" },
        its,
        bytes(await signedBy(key, "said")),
        new TextEncoder().encode(text),
      );
    expect([await confirms("said"), await confirms("said otherwise")]).toEqual([true, false]);
  });

  it.each([
    [{ coordinates: [120.5, 36] }, "120.500000,36.000000"],
    [{ coordinates: [] }, null],
    [null, null],
    [undefined, null],
  ])("names the place %j as %j", (place, text) => {
    expect(placeText(place)).toBe(text);
  });
});

describe("the phone's way to the server", () => {
  const answers = (answer: Response | Error): { asked: () => [string, RequestInit] } => {
    const fetched = vi.fn<(url: string, request: RequestInit) => Promise<Response>>(() =>
      answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer),
    );
    vi.stubGlobal("fetch", fetched);
    return { asked: () => fetched.mock.calls[0]! };
  };

  it("carries who asks and what is said", async () => {
    const { asked } = answers(Response.json({}));
    await httpLink("https://here").send("POST", "/sync/push", { token: "t", json: { a: 1 } });
    const [url, request] = asked();
    expect(url).toBe("https://here/api/v1/sync/push");
    expect(request.headers).toEqual({ Authorization: "Bearer t", "Content-Type": "application/json" });
    expect([request.method, request.body]).toEqual(["POST", '{"a":1}']);
  });

  it("has no type for what has no body, and leaves a given one alone", async () => {
    const bare = answers(Response.json({}));
    await httpLink().send("GET", "/x");
    expect(bare.asked()[1].headers).toEqual({});
    const typed = answers(Response.json({}));
    await httpLink().send("PATCH", "/x", {
      text: "t",
      headers: { "Content-Type": "application/offset+octet-stream" },
    });
    expect(typed.asked()[1].headers).toEqual({ "Content-Type": "application/offset+octet-stream" });
  });

  it.each([
    [new TypeError("no network"), Offline, {}],
    [new Response("<html>bad gateway</html>", { status: 502 }), Offline, {}],
    [new Response("", { status: 504 }), Offline, {}],
    // A server that is busy says so itself.
    [
      Response.json({ code: "busy" }, { status: 503, headers: { "Retry-After": "9" } }),
      Refused,
      { code: "busy", retryAfterS: 9 },
    ],
    [
      Response.json({ code: "not_allowed" }, { status: 403 }),
      Refused,
      { code: "not_allowed", retryAfterS: null },
    ],
    [new Response(null, { status: 401 }), Refused, { code: "not_signed_in", status: 401 }],
    [new Response("what?", { status: 400 }), Refused, { code: "unreadable_answer" }],
    [Response.json(["no problem"], { status: 400 }), Refused, { code: "unreadable_answer" }],
  ])("tells no answer from an answer that says no: %#", async (answer, sort, said) => {
    answers(answer);
    const error: unknown = await httpLink()
      .send("GET", "/x")
      .catch((one: unknown) => one);
    expect(error).toBeInstanceOf(sort);
    expect(error).toMatchObject(said);
  });
});
