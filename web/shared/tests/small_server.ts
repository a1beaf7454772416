/** A small server in memory and a phone beside it, for tests of the engine. */
import { browserClock } from "../sync/clock.ts";
import { type Disk } from "../sync/disk.ts";
import { Engine } from "../sync/engine.ts";
import { type Ask, type Link, Refused } from "../sync/link.ts";
import { Store } from "../sync/store.ts";

export const DEVICE = { name: "test", appVersion: "test" };
export const bytesOf = (text: string): ArrayBuffer => new TextEncoder().encode(text).buffer as ArrayBuffer;

/** A server of some lines: `ills` say what befalls an upload, by its photo. */
export class SmallServer implements Link {
  readonly ills = new Map<string, Error>();
  readonly asked: string[] = [];
  readonly whole = new Set<string>();
  readonly taken: string[] = [];
  pulls = 0;
  #at = new Map<string, [length: number, offset: number]>();

  async send(method: string, path: string, ask: Ask = {}): Promise<Response> {
    if (path === "/sync/push") return this.#pushed(ask);
    if (path === "/sync/pull") return this.#page();
    if (method === "POST") {
      const id = atob(ask.headers!["Upload-Metadata"]!.split(",")[0]!.split(" ")[1]!);
      this.asked.push(id);
      if (this.ills.has(id)) throw this.ills.get(id)!;
      this.#at.set(id, [Number(ask.headers!["Upload-Length"]), 0]);
      return new Response(null, { status: 201, headers: { Location: `/api/v1/uploads/${id}` } });
    }
    const id = path.split("/").at(-1)!;
    const [length, before] = this.#at.get(id)!;
    const at = before + ((ask.bytes as ArrayBuffer | undefined)?.byteLength ?? 0);
    this.#at.set(id, [length, at]);
    if (at === length) this.whole.add(id);
    const arrived: Record<string, string> =
      at === length ? { "Arrived-At": "2026-09-01T08:00:00.000000Z" } : {};
    return new Response(null, { status: 204, headers: { "Upload-Offset": String(at), ...arrived } });
  }

  #page(): Response {
    this.pulls += 1;
    const page = {
      epoch: 1,
      epochs: [[1, null]],
      backed_up_through: null,
      cursor: "c",
      more: false,
      complete: {},
      drops: [],
    };
    return Response.json({ ...page, scopes: [], lines: [], server_time: "2026-09-01T08:00:00.000000Z" });
  }

  #pushed(ask: Ask): Response {
    const { mutations } = ask.json as { mutations: { id: string; now: { note?: string } }[] };
    for (const { now } of mutations) {
      if (now.note === "signed out") throw new Refused(401, { code: "other_password" });
      if (now.note === "too large") throw new Refused(413, { code: "too_large" });
      if (now.note?.startsWith("fails")) throw new Refused(500, { code: "server_error" });
    }
    this.taken.push(...mutations.flatMap((one) => one.now.note ?? []));
    return Response.json({
      outcomes: mutations.map(({ id }) => ({ id, status: "applied" })),
      server_time: "2026-09-01T08:00:00.000000Z",
    });
  }
}

export async function phoneOn(disk: Disk, server: SmallServer): Promise<Engine> {
  return new Engine(await Store.open(disk), server, browserClock(), DEVICE);
}

export const shot = (phone: Engine, text: string): Promise<string> =>
  phone.takePhoto({ of: ["visit", "v"], purpose: "site", data: bytesOf(text) });
export const codes = (phone: Engine): (string | undefined)[] =>
  phone.store.photosAside().map((one) => one.problem?.code);
