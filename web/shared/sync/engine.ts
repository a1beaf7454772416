/**
 * The phone's engine: work is kept first, sent when it can be, and ends with a receipt
 * (mobile_api_spec/protocol.md).
 */
import type { Comparison, Page, SignedIn, Span } from "./answers.ts";
import { type DeviceKey, newDeviceKey, signedBy } from "./device_key.ts";
import { type Held, type Values } from "./canonical.ts";
import { type Clock, earlier, moment } from "./clock.ts";
import { LARGE } from "./disk.ts";
import { newId, sha256Hex } from "./ids.ts";
import { type Ask, type Link, type Problem, Refused } from "./link.ts";
import { mediaTypeOf, takenOf } from "./pictures.ts";
import { pushWaiting } from "./push.ts";
import type { Mutation, Store } from "./store.ts";
import { isForAll } from "./store_trouble.ts";
import { uploadWaiting } from "./upload.ts";

const PAGE_LINES = 1000;
const RANGES = 64;

export interface Device {
  name: string;
  appVersion: string;
}

export interface Shot {
  of: readonly [kind: string, id: string];
  purpose: string;
  data: ArrayBuffer;
  mediaType?: string;
  /** When it was taken, where the bytes kept here do not say it any more. */
  takenAt?: string | null;
  keys?: Values;
}

export class Engine {
  readonly store: Store;
  readonly link: Link;
  readonly clock: Clock;
  readonly device: Device;
  /** Lines a page may have; small ones in tests. */
  pageLines = PAGE_LINES;
  /** Whether photos' bytes may go out now; a person may keep them for Wi-Fi. */
  mayUpload: () => boolean = () => true;
  /** Told after every page: how many records have come. */
  onPage: (lines: number, complete: Record<string, boolean>) => void = () => {};

  constructor(store: Store, link: Link, clock: Clock, device: Device) {
    this.store = store;
    this.link = link;
    this.clock = clock;
    this.device = device;
  }

  // -- signing in -------------------------------------------------------------------------------------------

  async signIn(login: string, password: string): Promise<void> {
    if (!this.store.meta("device", ""))
      await this.store.transaction(() => this.store.setMeta({ device: newId(), store: newId() }));
    const signed = await this.#signIn(login, password).catch(async (error: unknown) => {
      if (!(error instanceof Refused) || error.code !== "device_taken") throw error;
      // The id is somebody else's; the work here is not. It goes on under an id of its own.
      await this.store.transaction(() => this.store.setMeta({ device: newId(), deviceSecret: null }));
      return this.#signIn(login, password);
    });
    if (this.store.meta("staff", signed.staff_id) !== signed.staff_id)
      throw new Refused(403, { code: "somebody_elses_store" });
    await this.#keepTokens(signed);
  }

  async #signIn(login: string, password: string): Promise<SignedIn> {
    const { public: publicKey } = await this.#deviceKey();
    const secret = this.store.meta<string | null>("deviceSecret", null);
    const device = {
      id: this.deviceId,
      secret,
      name: this.device.name,
      app_version: this.device.appVersion,
      public_key: publicKey,
    };
    const answer = await this.link.send("POST", "/sessions", { json: { login, password, device } });
    return (await answer.json()) as SignedIn;
  }

  async #keepTokens(signed: SignedIn): Promise<void> {
    const { access_token: access, refresh_token: refresh, staff_id: staff, unit_id: unit, roles } = signed;
    const secret = signed.device_secret ? { deviceSecret: signed.device_secret } : {};
    const mustChange = signed.must_change_password ?? false;
    await this.store.transaction(() =>
      this.store.setMeta({ access, refresh, staff, unit, roles, mustChange, ...secret }),
    );
  }

  /** A signed-in request; an expired access token is refreshed once. */
  async ask(method: string, path: string, ask: Ask = {}): Promise<Response> {
    const token = this.store.meta("access", "");
    try {
      return await this.link.send(method, path, { ...ask, token });
    } catch (error) {
      if (!(error instanceof Refused) || error.code !== "not_signed_in") throw error;
    }
    // Once for all that met its end: a refresh token is good once, and two refreshes at once look like two
    // who hold it.
    if (this.store.meta("access", "") === token)
      await (this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = null)));
    return this.link.send(method, path, { ...ask, token: this.store.meta("access", "") });
  }

  #refreshing: Promise<void> | null = null;

  async #refresh(): Promise<void> {
    const json = { refresh_token: this.store.meta("refresh", ""), device_id: this.store.meta("device", "") };
    const answer = await this.link.send("POST", "/sessions/refresh", { json });
    await this.#keepTokens((await answer.json()) as SignedIn);
  }

  // -- working (needs no network) ---------------------------------------------------------------------------

  get deviceId(): string {
    return this.store.meta("device", "");
  }

  /** Sign a text with this device's key; needs no network. */
  async sign(text: string): Promise<string> {
    return signedBy(await this.#deviceKey(), text);
  }

  async #deviceKey(): Promise<DeviceKey> {
    const known = this.store.meta<DeviceKey | null>("deviceKey", null);
    if (known) return known;
    const deviceKey = await newDeviceKey();
    await this.store.transaction(() => this.store.setMeta({ deviceKey }));
    return deviceKey;
  }

  get staffId(): string {
    return this.store.meta("staff", "");
  }

  async create(kind: string, values: Values, record: string = newId(this.clock.now())): Promise<string> {
    await this.store.transaction(() => this.enqueue(kind, record, "create", values));
    return record;
  }

  async change(kind: string, record: string, now: Values): Promise<void> {
    await this.store.transaction(() => this.enqueue(kind, record, "change", now));
  }

  async act(kind: string, record: string, action: string, now: Values = {}): Promise<void> {
    await this.store.transaction(() => this.enqueue(kind, record, "act", now, action));
  }

  async delete(kind: string, record: string): Promise<void> {
    await this.store.transaction(() => this.enqueue(kind, record, "delete", {}));
  }

  /**
   * Parked work given again with other values: a change sets these alone, a creation or a step is repeated
   * whole.
   */
  async correct(mutation: Mutation, now: Values): Promise<void> {
    const { kind, record, op, action } = mutation;
    await this.store.transaction(() =>
      this.enqueue(kind, record, op, op === "change" ? now : { ...mutation.now, ...now }, action),
    );
  }

  /** One piece of work into the queue; only inside a transaction, so that several can be kept all or none. */
  enqueue(kind: string, record: string, op: Mutation["op"], now: Values, action?: string): void {
    const held = this.store.record(kind, record);
    const was = held
      ? Object.fromEntries(Object.keys(now).map((name) => [name, held.body[name] ?? null]))
      : {};
    this.store.enqueue({
      id: newId(this.clock.now()),
      author: this.staffId,
      kind,
      record,
      op,
      ...(action ? { action } : {}),
      base_version: held?.version ?? 0,
      was,
      // A copy: whoever goes on typing must not change what was kept.
      now: JSON.parse(JSON.stringify(now)) as Values,
      happened_at: moment(this.clock),
      monotonic_ms: this.clock.monotonicMs(),
      boot: this.clock.boot,
    });
  }

  /**
   * Keep a picture's bytes and make its record, in one transaction; the two travel apart. Its time is its
   * own, or none.
   */
  async takePhoto(shot: Shot): Promise<string> {
    const id = newId(this.clock.now());
    const sha256 = await sha256Hex(shot.data);
    const takenAt = shot.takenAt ?? takenOf(shot.data).at;
    const values = {
      of_kind: shot.of[0],
      of_id: shot.of[1],
      purpose: shot.purpose,
      sha256,
      size_bytes: shot.data.byteLength,
      media_type: shot.mediaType ?? mediaTypeOf(shot.data),
      ...(takenAt && { taken_at: takenAt }),
      staff_id: this.staffId,
      ...shot.keys,
    };
    const photo = {
      id,
      sha256,
      size: shot.data.byteLength,
      upload: null,
      sent: 0,
      isDone: false,
      hasBytes: true,
      arrivedAt: null,
    };
    await this.store.transaction(
      () => {
        this.store.rows.put("photo", id, photo);
        this.enqueue("photo", id, "create", values);
      },
      { puts: [{ key: LARGE + id, value: shot.data }] },
    );
    return id;
  }

  /** What the screen shows: the server's copies with unsent work laid over them. */
  records(kind: string): Map<string, Values> {
    const shown = new Map(this.store.visible(kind).map((held) => [held.id, held.body]));
    for (const [key, entries] of this.store.unsentByRecord()) {
      const [of, id] = key.split("/") as [string, string];
      if (of === kind)
        shown.set(
          id,
          Object.assign({ id, kind }, shown.get(id), ...entries.map((one) => one.mutation.now)) as Values,
        );
    }
    return shown;
  }

  // -- syncing ----------------------------------------------------------------------------------------------

  /**
   * Hand work in, fetch what is new, send pictures; throws Offline when the network goes, having lost
   * nothing.
   *
   * What the server does not take in one stops not the others: it is thrown when they are through.
   */
  async sync(): Promise<void> {
    const met: unknown[] = [];
    const upload = async (): Promise<void> => (this.mayUpload() ? uploadWaiting(this) : undefined);
    for (const step of [() => this.push(), () => this.pull(), upload]) {
      await step().catch((error: unknown) => {
        if (isForAll(error)) throw error;
        met.push(error);
      });
    }
    if (met.length) throw met[0];
  }

  /** Send the queue (`push.ts`). */
  push(): Promise<void> {
    return pushWaiting(this);
  }

  /** What the server said of work that it does not take, by mutation; it still waits here. */
  get refusedWork(): Record<string, Problem> {
    return this.store.meta<Record<string, Problem>>("refused", {});
  }

  /** Fetch pages until there are no more; where the server cannot go on from the cursor, compare and mend. */
  async pull(): Promise<void> {
    for (;;) {
      const page = await this.#page();
      if (page === null) {
        await this.repair();
        continue;
      }
      await this.#noteEpoch(page);
      await this.#keepPage(page);
      this.onPage(page.lines.length, page.complete);
      if (!page.more) return;
    }
  }

  /**
   * The next page; null when the store must be compared; a phone reported lost wipes itself once its work is
   * in.
   */
  async #page(): Promise<Page | null> {
    const json = {
      store: this.store.meta("store", ""),
      cursor: this.store.meta<string | null>("cursor", null),
      have: this.store.stillHas(this.store.meta("have", {})),
      limit: this.pageLines,
      waiting: this.store.waiting().length,
      app_version: this.device.appVersion,
    };
    try {
      return (await (await this.ask("POST", "/sync/pull", { json })).json()) as Page;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.code === "device_revoked" && !this.store.waiting().length) await this.#handInPhotosAndWipe();
      if (error.code !== "start_compare") throw error;
      return null;
    }
  }

  /** Reported lost: its pictures go first, whatever carries them, for they are somebody's work too. */
  async #handInPhotosAndWipe(): Promise<void> {
    await uploadWaiting(this);
    if (!this.store.photosToSend().length) await this.store.rows.wipe();
  }

  /** Compare the whole store with the server by digests of ranges, and replace the ranges that differ. */
  async repair(): Promise<void> {
    let spans: Span[] = [{ after: null, upto: null }];
    let first: Comparison | null = null;
    while (spans.length) {
      const asked = spans.slice(0, RANGES);
      const ranges = await Promise.all(
        asked.map(async (one) => ({ ...one, ...(await this.store.digest(one.after, one.upto)) })),
      );
      const json = { store: this.store.meta("store", ""), ranges };
      const answer = (await (await this.ask("POST", "/sync/compare", { json })).json()) as Comparison;
      first ??= answer;
      await this.#noteEpoch(answer);
      await this.store.transaction(() =>
        answer.repairs.forEach((one) => this.store.replaceRange(one.after, one.upto, one.lines)),
      );
      spans = [...spans.slice(RANGES), ...answer.ask];
    }
    const { cursor, scopes } = first!;
    await this.store.transaction(() => {
      this.store.distrustHidden();
      this.store.setMeta({ cursor, scopes, have: {}, drops: [] });
    });
  }

  /**
   * A new epoch means that the server was restored: work it had acknowledged since its backup goes out again.
   */
  async #noteEpoch(
    answer: Pick<Page, "epoch" | "epochs" | "backed_up_through" | "server_time">,
  ): Promise<void> {
    // Who has known none yet may have sent work all the same, to any of the epochs before this one.
    const known = this.store.meta("epoch", 0);
    const through = answer.backed_up_through;
    const kept = known === answer.epoch && through ? this.store.backedUp(through) : [];
    await this.store.transaction(
      () => {
        if (known !== answer.epoch) {
          const holds = answer.epochs.filter((one) => one[0] > known).map((one) => one[1] ?? "");
          if (holds.length || known) this.store.queueAgain(holds.sort()[0] ?? "");
        }
        kept.forEach((id) => this.store.setPhoto(id, { hasBytes: false }));
        if (through) this.store.forgetBefore(earlier(through, answer.server_time));
        this.store.setMeta({ epoch: answer.epoch, contact: moment(this.clock) });
      },
      { removals: kept.map((id) => LARGE + id) },
    );
  }

  /** Lines, scope sets and cursor in one local transaction: a repeated page changes nothing. */
  #keepPage(page: Page): Promise<void> {
    return this.store.transaction(() => {
      const drops = new Set([...this.store.meta<string[]>("drops", []), ...page.drops]);
      const back = page.scopes
        .map((one) => one.scope)
        .filter((scope) => drops.has(scope) && !page.drops.includes(scope));
      // A scope lost and got again within one pull is filled anew: what it held before goes first.
      this.store.dropScopes(new Set(back));
      back.forEach((scope) => drops.delete(scope));
      const have = { ...this.store.meta<Record<string, number>>("have", {}) };
      for (const line of page.lines) {
        this.store.keepLine(line);
        const key = `${line.kind}/${line.id}`;
        if (line.ahead) have[key] = Math.max(line.version, have[key] ?? 0);
      }
      if (page.more) {
        this.store.setMeta({ have });
      } else {
        this.store.dropScopes(drops);
        this.store.eraseHidden();
        this.store.setMeta({ have: {}, held: [] });
      }
      const { cursor, scopes, complete } = page;
      this.store.setMeta({ cursor, scopes, complete, drops: page.more ? [...drops].sort() : [] });
    });
  }
}

export type { Held };
