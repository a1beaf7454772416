/**
 * What a phone keeps: the server's copies, the queue of its own work with receipts, photos, and a few named
 * values.
 */
import {
  type Digest,
  type Held,
  type Key,
  type Values,
  compareKeys,
  digestOf,
  isInside,
} from "./canonical.ts";
import type { components } from "../api/schema.d.ts";
import { type Disk, LARGE, type Row } from "./disk.ts";
import type { Problem } from "./link.ts";
import { Rows } from "./rows.ts";

export interface Mutation {
  id: string;
  author: string;
  kind: string;
  record: string;
  op: "create" | "change" | "act" | "delete";
  action?: string;
  base_version: number;
  was: Values;
  now: Values;
  happened_at: string;
  monotonic_ms: number;
  boot: string;
}

export interface Outcome {
  id: string;
  status: "applied" | "merged" | "parked" | "held";
  code?: string;
  detail?: Values;
  version?: number;
  record?: Line | null;
  /** Of parked work: the mutation by which its author has corrected it. */
  settledBy?: string;
}

export type Line = components["schemas"]["Line"];

/** A piece of work and what became of it. */
export interface Entry {
  place: string;
  mutation: Mutation;
  outcome: Outcome | null;
  isDone: boolean;
  answeredAt: string | null;
}

export interface PhotoRow {
  id: string;
  sha256: string;
  size: number;
  upload: string | null;
  sent: number;
  isDone: boolean;
  hasBytes: boolean;
  arrivedAt: string | null;
  /** How often it did not go, and what was said of it the last time. */
  tries?: number;
  problem?: Problem | null;
  /** It cannot go as it is: kept and listed, and nothing waits for it. */
  isAside?: boolean;
  /**
   * The person took it out: its bytes are gone, the row stays, or it would look like one that has arrived.
   */
  isGone?: boolean;
}

/** Where a picture is, as its caption says it; one that was never on this phone has come from the server. */
export function placeOf(photo: PhotoRow | undefined): "sent" | "waiting" | "asideOne" | "goneOne" {
  if (!photo || photo.isDone) return "sent";
  if (!photo.isAside) return "waiting";
  return photo.isGone ? "goneOne" : "asideOne";
}

const RECORD = "record.";

export class Store {
  readonly rows: Rows;
  #unsent = { age: -1, byRecord: new Map<string, Entry[]>() };

  constructor(rows: Rows) {
    this.rows = rows;
  }

  static async open(disk: Disk): Promise<Store> {
    return new Store(new Rows(disk, await disk.load()));
  }

  transaction<T>(work: () => T, large?: { puts?: Row[]; removals?: string[] }): Promise<T> {
    return this.rows.transaction(work, large);
  }

  meta<T>(name: string, otherwise: T): T {
    return this.rows.table<T>("meta").get(name) ?? otherwise;
  }

  setMeta(values: Values): void {
    for (const [name, value] of Object.entries(values)) this.rows.put("meta", name, value);
  }

  // -- records ----------------------------------------------------------------------------------------------

  record(kind: string, id: string): Held | undefined {
    return this.rows.table<Held>(RECORD + kind).get(id);
  }

  /** One line: the scope set is replaced; a lower version than the one held is ignored, but in a repair. */
  keepLine(line: Line, isRepair = false): void {
    const held = this.record(line.kind, line.id);
    if (held && held.version > line.version && !isRepair) return;
    if (!line.in.length) return this.#lose(line.kind, line.id, line.version);
    if (line.same) {
      if (held) this.#keep({ ...held, in: line.in });
      return;
    }
    this.#keep({ kind: line.kind, id: line.id, version: line.version, body: line.body ?? {}, in: line.in });
  }

  #keep(record: Held): void {
    this.rows.put(RECORD + record.kind, record.id, record);
  }

  /** Hide a record that left the user's scopes, and erase it when no unsent work hangs on it. */
  #lose(kind: string, id: string, version: number): void {
    const held = this.record(kind, id);
    if (held && this.unsentOf(kind, id).length) this.#keep({ ...held, in: [], version });
    else if (held) this.rows.remove(RECORD + kind, id);
  }

  #all(): Held[] {
    return this.rows
      .tables()
      .filter((name) => name.startsWith(RECORD))
      .flatMap((name) => [...this.rows.table<Held>(name).values()]);
  }

  /** Take scopes from every record's set; what is in none any more is hidden until `eraseHidden`. */
  dropScopes(gone: ReadonlySet<string>): void {
    if (!gone.size) return;
    for (const record of this.#all()) {
      const left = record.in.filter((scope) => !gone.has(scope));
      if (left.length !== record.in.length) this.#keep({ ...record, in: left });
    }
  }

  /** What is kept for unsent work alone is not compared: whatever version comes of it is right. */
  distrustHidden(): void {
    for (const record of this.#all()) if (!record.in.length) this.#keep({ ...record, version: 0 });
  }

  eraseHidden(): void {
    for (const { kind, id, in: scopes } of this.#all()) {
      if (!scopes.length && !this.unsentOf(kind, id).length) this.rows.remove(RECORD + kind, id);
    }
  }

  #inside(after: Key | null, upto: Key | null): Held[] {
    const found = this.#all().filter((one) => one.in.length && isInside([one.kind, one.id], after, upto));
    return found.sort((a, b) => compareKeys([a.kind, a.id], [b.kind, b.id]));
  }

  /** What this store says of a range: how many records, and the XOR of their hashes. */
  digest(after: Key | null, upto: Key | null): Promise<Digest> {
    return digestOf(this.#inside(after, upto));
  }

  /** A range as the server has it: what it does not list goes, unless unsent work hangs on it. */
  replaceRange(after: Key | null, upto: Key | null, lines: Line[]): void {
    const listed = new Set(lines.map((line) => `${line.kind}/${line.id}`));
    for (const { kind, id } of this.#inside(after, upto))
      if (!listed.has(`${kind}/${id}`)) this.#lose(kind, id, 0);
    lines.forEach((line) => this.keepLine(line, true));
  }

  /** Of the bodies that came with push answers, those that are still here. */
  stillHas(have: Record<string, number>): Record<string, number> {
    return Object.fromEntries(
      Object.entries(have).filter(([key, version]) => {
        const [kind, id] = key.split("/") as [string, string];
        const held = this.record(kind, id);
        return held !== undefined && held.in.length > 0 && held.version === version;
      }),
    );
  }

  /** Records of a kind the user may see now: not those that are only in scopes about to be dropped. */
  visible(kind: string): Held[] {
    const leaving = new Set(this.meta<string[]>("drops", []));
    const held = [...this.rows.table<Held>(RECORD + kind).values()];
    return held.filter((one) => one.in.some((scope) => !leaving.has(scope)));
  }

  /** Every visible record's version by `kind/id`: what must equal the server. */
  versions(): Record<string, number> {
    return Object.fromEntries(this.#inside(null, null).map((one) => [`${one.kind}/${one.id}`, one.version]));
  }

  // -- the queue --------------------------------------------------------------------------------------------

  enqueue(mutation: Mutation): void {
    const next = this.meta("place", 0) + 1;
    this.setMeta({ place: next });
    // The tail keeps two windows that wrote at the same moment from overwriting each other's work.
    const place = `${String(next).padStart(12, "0")}-${mutation.id.slice(-6)}`;
    const entry: Entry = { place, mutation, outcome: null, isDone: false, answeredAt: null };
    this.rows.put("queue", place, entry);
  }

  /** Everything ever entered on this phone, with its receipt; never cleared before one is there. */
  journal(): Entry[] {
    return [...this.rows.table<Entry>("queue").values()];
  }

  /** The unanswered entries, in the order they were made. */
  waiting(): Entry[] {
    return this.journal().filter((entry) => !entry.isDone);
  }

  /** The unanswered mutations of one record. */
  unsentOf(kind: string, id: string): Entry[] {
    return this.unsentByRecord().get(`${kind}/${id}`) ?? [];
  }

  unsentByRecord(): ReadonlyMap<string, Entry[]> {
    if (this.#unsent.age === this.rows.age) return this.#unsent.byRecord;
    const byRecord = new Map<string, Entry[]>();
    for (const entry of this.waiting()) {
      const key = `${entry.mutation.kind}/${entry.mutation.record}`;
      byRecord.set(key, [...(byRecord.get(key) ?? []), entry]);
    }
    this.#unsent = { age: this.rows.age, byRecord };
    return byRecord;
  }

  /**
   * Keep the server's receipts; a held one stays in the queue until it has ended. What one settles waits no
   * longer.
   */
  answer(outcomes: Outcome[], answeredAt: string): void {
    const byId = new Map(outcomes.map((one) => [one.id, one]));
    const settledBy = new Map(
      outcomes.flatMap((one) =>
        ((one.detail?.["settles"] ?? []) as string[]).map((id) => [id, one.id] as const),
      ),
    );
    for (const entry of this.journal()) {
      const [outcome, by] = [byId.get(entry.mutation.id), settledBy.get(entry.mutation.id)];
      if (outcome) {
        const { record: _, ...receipt } = outcome;
        this.rows.put("queue", entry.place, {
          ...entry,
          outcome: by ? { ...receipt, settledBy: by } : receipt,
          isDone: outcome.status !== "held",
          answeredAt,
        });
      } else if (by && entry.outcome) {
        this.rows.put("queue", entry.place, { ...entry, outcome: { ...entry.outcome, settledBy: by } });
      }
    }
  }

  /** The server lost history: what it acknowledged after the moment that it still holds is sent once more. */
  queueAgain(holdsThrough: string): void {
    for (const entry of this.journal()) {
      if ((entry.answeredAt ?? "") > holdsThrough)
        this.rows.put("queue", entry.place, { ...entry, isDone: false });
    }
    for (const photo of this.photos()) {
      if (photo.hasBytes && (photo.arrivedAt ?? "") > holdsThrough) {
        this.rows.put("photo", photo.id, { ...photo, isDone: false, upload: null, sent: 0 });
      }
    }
  }

  /** Receipts that a backup of the server holds, and that nobody looks at any more, make room. */
  forgetBefore(moment: string): void {
    for (const entry of this.journal()) {
      if (entry.isDone && (entry.answeredAt ?? "~") < moment) this.rows.remove("queue", entry.place);
    }
  }

  // -- photos -----------------------------------------------------------------------------------------------

  photos(): PhotoRow[] {
    return [...this.rows.table<PhotoRow>("photo").values()];
  }

  photo(id: string): PhotoRow | undefined {
    return this.rows.table<PhotoRow>("photo").get(id);
  }

  /** Those that may go, least often failed first. */
  photosToSend(): PhotoRow[] {
    const waiting = this.photos().filter((one) => !one.isDone && !one.isAside);
    return waiting.sort((a, b) => (a.tries ?? 0) - (b.tries ?? 0));
  }

  photosAside(): PhotoRow[] {
    return this.photos().filter((one) => one.isAside && !one.isGone && !one.isDone);
  }

  /** The person lets what was set aside be sent once more. */
  async tryAgain(id: string): Promise<void> {
    if (!this.photo(id)?.isGone)
      await this.transaction(() => this.setPhoto(id, { isAside: false, tries: 0, problem: null }));
  }

  /** The person takes out what was set aside; anything else stays. */
  async discardPhoto(id: string): Promise<void> {
    const isAside = this.photo(id)?.isAside && !this.photo(id)?.isDone;
    if (isAside)
      await this.transaction(() => this.setPhoto(id, { isGone: true, hasBytes: false }), {
        removals: [LARGE + id],
      });
  }

  setPhoto(id: string, values: Partial<PhotoRow>): void {
    const held = this.photo(id);
    if (held) this.rows.put("photo", id, { ...held, ...values });
  }

  async photoBytes(id: string): Promise<ArrayBuffer | undefined> {
    return (await this.rows.readLarge(LARGE + id)) as ArrayBuffer | undefined;
  }

  /** Bytes that are in a backup of the server need the phone's copy no longer. */
  backedUp(through: string): string[] {
    const done = this.photos().filter(
      (one) => one.isDone && one.hasBytes && (one.arrivedAt ?? "~") <= through,
    );
    return done.map((one) => one.id);
  }
}
