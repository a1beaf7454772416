/** Photos' bytes on their way: cut in the middle, gone on with, begun anew, set aside, and kept for good. */
import "fake-indexeddb/auto";
import { beforeEach, describe, expect, it } from "vitest";

import { browserClock } from "../sync/clock.ts";
import { openDisk } from "../sync/disk.ts";
import { Engine } from "../sync/engine.ts";
import { newId } from "../sync/ids.ts";
import { type Ask, type Link, Offline, Refused } from "../sync/link.ts";
import { Store } from "../sync/store.ts";
import { uploadWaiting } from "../sync/upload.ts";
import { DEVICE } from "./small_server.ts";

const MIB = 1024 * 1024;
const ARRIVED = "2026-12-01T01:00:00.000000Z";

/** Uploads by tus as a server keeps them, with a plan of what befalls each request. */
class Uploads implements Link {
  readonly kept = new Map<string, { length: number; at: number; photo: string }>();
  readonly asked: string[] = [];
  /** What befalls the next requests, by method. */
  readonly ills: Record<string, (Error | "lost")[]> = {};
  /** Whether the permanent storage takes what is whole. */
  keepsForGood = true;
  #n = 0;

  async send(method: string, path: string, ask: Ask = {}): Promise<Response> {
    this.asked.push(`${method} ${path}${ask.bytes ? ` ${ask.headers!["Upload-Offset"]}` : ""}`);
    const ill = this.ills[method]?.shift();
    if (ill instanceof Error) throw ill;
    const answer = this.#answer(method, path, ask);
    // It has arrived, and nobody hears of it.
    if (ill === "lost") throw new Offline("lost");
    return answer;
  }

  #answer(method: string, path: string, ask: Ask): Response {
    if (method === "POST") {
      const place = `/uploads/u${(this.#n += 1)}`;
      const [photo] = ask.headers!["Upload-Metadata"]!.split(",").map((one) => atob(one.split(" ")[1]!));
      this.kept.set(place, { length: Number(ask.headers!["Upload-Length"]), at: 0, photo: photo! });
      return new Response(null, { status: 201, headers: { Location: `https://house/api/v1${place}` } });
    }
    const upload = this.kept.get(path);
    if (!upload) throw new Refused(404, { code: "not_found" });
    if (method === "PATCH") {
      if (Number(ask.headers!["Upload-Offset"]) !== upload.at)
        throw new Refused(409, { code: "wrong_offset" });
      upload.at += (ask.bytes as ArrayBuffer).byteLength;
    }
    const headers: Record<string, string> = { "Upload-Offset": String(upload.at) };
    if (upload.at === upload.length && this.keepsForGood) headers["Arrived-At"] = ARRIVED;
    return new Response(null, { status: 204, headers });
  }
}

let server: Uploads;
let phone: Engine;
beforeEach(async () => {
  server = new Uploads();
  phone = new Engine(await Store.open(await openDisk(newId())), server, browserClock(), DEVICE);
});
const take = (size: number, fill = 1): Promise<string> =>
  phone.takePhoto({ of: ["visit", "v"], purpose: "site", data: new Uint8Array(size).fill(fill).buffer });
const upload = (): Promise<void> => uploadWaiting(phone);
const row = (id: string) => phone.store.photo(id)!;

describe("a picture", () => {
  it("goes in parts of a mebibyte and is done when it is kept for good", async () => {
    const id = await take(2 * MIB + 10);
    await upload();
    expect(server.asked).toEqual([
      "POST /uploads",
      "HEAD /uploads/u1",
      "PATCH /uploads/u1 0",
      `PATCH /uploads/u1 ${MIB}`,
      `PATCH /uploads/u1 ${2 * MIB}`,
    ]);
    expect(row(id)).toMatchObject({ isDone: true, arrivedAt: ARRIVED, sent: 2 * MIB + 10, hasBytes: true });
    expect(server.kept.get("/uploads/u1")!.photo).toBe(id);
  });

  it("that is done is not sent again", async () => {
    await take(10);
    await upload();
    const before = server.asked.length;
    await upload();
    expect(server.asked).toHaveLength(before);
  });

  it("whose bytes have all come but are not kept for good is not done", async () => {
    server.keepsForGood = false;
    const id = await take(10);
    await upload();
    expect(row(id)).toMatchObject({ isDone: false, sent: 10, arrivedAt: null });
    server.keepsForGood = true;
    await upload();
    expect(row(id)).toMatchObject({ isDone: true, arrivedAt: ARRIVED });
    expect(server.asked.filter((one) => one.startsWith("PATCH"))).toHaveLength(1);
  });
});

describe("a network that is cut in the middle", () => {
  it("costs only the part that was on its way", async () => {
    const id = await take(3 * MIB);
    server.ills["PATCH"] = [undefined as never, new Offline("cut")];
    await expect(upload()).rejects.toThrow(Offline);
    expect(row(id)).toMatchObject({ sent: MIB, isDone: false, upload: "/uploads/u1", tries: 1 });
    await upload();
    expect(row(id).isDone).toBe(true);
    expect(server.kept.get("/uploads/u1")!.at).toBe(3 * MIB);
    expect(server.kept.size).toBe(1);
  });

  it("after a part has arrived sends that part no second time", async () => {
    const id = await take(2 * MIB);
    server.ills["PATCH"] = ["lost"];
    await expect(upload()).rejects.toThrow(Offline);
    await upload();
    expect(row(id).isDone).toBe(true);
    expect(server.asked.filter((one) => one.startsWith("PATCH"))).toEqual([
      "PATCH /uploads/u1 0",
      `PATCH /uploads/u1 ${MIB}`,
    ]);
  });

  it("at the first word begins with a new place, and the picture arrives once", async () => {
    const id = await take(10);
    server.ills["POST"] = ["lost"];
    await expect(upload()).rejects.toThrow(Offline);
    expect(row(id).upload).toBeNull();
    await upload();
    expect([...server.kept.values()].map((one) => one.at)).toEqual([0, 10]);
    expect(row(id).isDone).toBe(true);
  });

  it("survives the death of the app", async () => {
    const disk = await openDisk(newId());
    phone = new Engine(await Store.open(disk), server, browserClock(), DEVICE);
    const id = await take(2 * MIB);
    server.ills["PATCH"] = [undefined as never, new Offline("cut")];
    await expect(upload()).rejects.toThrow(Offline);
    phone = new Engine(await Store.open(disk), server, browserClock(), DEVICE);
    expect(row(id)).toMatchObject({ sent: MIB, upload: "/uploads/u1" });
    await upload();
    expect([row(id).isDone, server.kept.size]).toEqual([true, 1]);
  });
});

describe("what the server says of one picture", () => {
  it.each(["empty_file", "too_large", "invalid", "unsupported_media"])(
    "for good sets it aside, and the others go: %s",
    async (code) => {
      const [bad, good] = [await take(10), await take(10, 2)];
      server.ills["POST"] = [new Refused(422, { code })];
      await upload();
      expect(row(bad)).toMatchObject({ isAside: true, problem: { code }, upload: null, sent: 0, tries: 1 });
      expect(row(good).isDone).toBe(true);
      expect(phone.store.photosToSend()).toEqual([]);
    },
  );

  it.each([404, 410, 460])("that its place is gone (%i) begins it anew", async (status) => {
    const id = await take(10);
    await phone.store.transaction(() => phone.store.setPhoto(id, { upload: "/uploads/old", sent: 5 }));
    server.ills["HEAD"] = [new Refused(status, { code: "gone" })];
    await upload();
    expect(row(id)).toMatchObject({ upload: null, sent: 0, isDone: false });
    await upload();
    expect(row(id).isDone).toBe(true);
  });

  it.each([500, 503, 409])("that may pass (%i) waits for the next round, where it was", async (status) => {
    const [first, second] = [await take(10), await take(10, 2)];
    await phone.store.transaction(() => phone.store.setPhoto(second, { tries: 5 }));
    server.ills["PATCH"] = [new Refused(status, { code: "server_error" })];
    await upload();
    expect(row(first)).toMatchObject({
      isDone: false,
      upload: "/uploads/u1",
      problem: { code: "server_error" },
    });
    expect(row(second).isDone).toBe(true);
    await upload();
    expect(row(first)).toMatchObject({ isDone: true, problem: null });
  });

  it.each([401, 403, 429])(
    "about whoever sends (%i) stops the round and blames no picture",
    async (status) => {
      const [first, second] = [await take(10), await take(10, 2)];
      server.ills["POST"] = [new Refused(status, { code: "not_now" })];
      await expect(upload()).rejects.toThrow("not_now");
      for (const id of [first, second]) expect(row(id)).not.toHaveProperty("tries");
      expect(server.asked).toHaveLength(1);
    },
  );
});

describe("the order of pictures", () => {
  it("is that of their troubles: what failed least goes first", async () => {
    const [often, never, once] = [await take(1), await take(2), await take(3)];
    await phone.store.transaction(() => {
      phone.store.setPhoto(often, { tries: 4 });
      phone.store.setPhoto(once, { tries: 1 });
    });
    await upload();
    expect([...server.kept.values()].map((one) => one.photo)).toEqual([never, once, often]);
  });
});

describe("bytes that are not what was taken", () => {
  it("are set aside as damaged, and nothing of them is sent", async () => {
    const id = await take(10);
    await phone.store.transaction(() => phone.store.setPhoto(id, { sha256: "0".repeat(64) }));
    await upload();
    expect(row(id)).toMatchObject({ isAside: true, problem: { code: "photo_unreadable" } });
    expect(server.asked).toEqual([]);
  });

  it("and are gone are set aside as gone", async () => {
    const id = await take(10);
    await phone.store.transaction(() => undefined, { removals: [`bytes/${id}`] });
    await upload();
    expect(row(id)).toMatchObject({ isAside: true, problem: { code: "photo_gone" } });
  });
});
