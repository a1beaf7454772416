/**
 * Rows in memory, and the one way to change them: a transaction that is on the disk when it returns, or never
 * was.
 *
 * Everything a person works with is read from memory (a phone holds some thousand small records), so that
 * screens need not wait; the disk is read once, at the start. A row's key on the disk is `table/id`.
 */
import type { Disk, Row } from "./disk.ts";

type Table = Map<string, unknown>;

export class Rows {
  readonly #disk: Disk;
  readonly #tables = new Map<string, Table>();
  #before: Map<string, unknown> | null = null;
  #last: Promise<unknown> = Promise.resolve();
  readonly #listeners = new Set<() => void>();
  /** Grows with every change: what was computed from the rows at another value is stale. */
  age = 0;

  constructor(disk: Disk, rows: Row[]) {
    this.#disk = disk;
    for (const row of rows) this.#set(row.key, row.value);
  }

  /** A table by id, in the order its rows were made. */
  table<T>(name: string): ReadonlyMap<string, T> {
    return (this.#tables.get(name) ?? new Map<string, T>()) as ReadonlyMap<string, T>;
  }

  tables(): string[] {
    return [...this.#tables.keys()];
  }

  put(table: string, id: string, value: unknown): void {
    this.#remember(`${table}/${id}`);
    this.#set(`${table}/${id}`, value);
  }

  remove(table: string, id: string): void {
    this.#remember(`${table}/${id}`);
    this.#set(`${table}/${id}`, undefined);
  }

  #remember(key: string): void {
    if (this.#before === null) throw new Error("rows are changed in a transaction");
    if (!this.#before.has(key)) this.#before.set(key, this.#get(key));
  }

  #get(key: string): unknown {
    const [table, id] = parts(key);
    return this.#tables.get(table)?.get(id);
  }

  #set(key: string, value: unknown): void {
    const [name, id] = parts(key);
    const table = this.#tables.get(name) ?? new Map<string, unknown>();
    this.#tables.set(name, table);
    if (value === undefined) table.delete(id);
    else table.set(id, value);
    this.age += 1;
  }

  #everything(): Row[] {
    return [...this.#tables].flatMap(([name, table]) =>
      [...table].map(([id, value]) => ({ key: `${name}/${id}`, value })),
    );
  }

  /**
   * Run `work`, which must not wait for anything, and write what it changed and `large`; one transaction
   * after another.
   */
  transaction<T>(work: () => T, large: { puts?: Row[]; removals?: string[] } = {}): Promise<T> {
    const done = this.#last.then(() => this.#run(work, large));
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #run<T>(work: () => T, large: { puts?: Row[]; removals?: string[] }): Promise<T> {
    const before = (this.#before = new Map<string, unknown>());
    try {
      const result = work();
      const changed = [...before.keys()].map((key) => ({ key, value: this.#get(key) }));
      const puts = changed.filter((row) => row.value !== undefined);
      const removals = changed.filter((row) => row.value === undefined).map((row) => row.key);
      this.#before = null;
      await this.#disk.commit([...puts, ...(large.puts ?? [])], [...removals, ...(large.removals ?? [])]);
      // The system erased the storage under a running app: what is in memory is all there is, and is kept
      // again.
      if (this.#disk.wasEmptied?.()) await this.#disk.commit(this.#everything(), []);
      this.#listeners.forEach((tell) => tell());
      return result;
    } catch (error) {
      this.#before = null;
      for (const [key, value] of before) this.#set(key, value);
      throw error;
    }
  }

  onChange(tell: () => void): () => void {
    this.#listeners.add(tell);
    return () => this.#listeners.delete(tell);
  }

  /** A value that stays on the disk: a photo's bytes. */
  readLarge(key: string): Promise<unknown> {
    return this.#disk.read(key);
  }

  async wipe(): Promise<void> {
    await this.#last;
    await this.#disk.erase();
    this.#tables.clear();
    this.age += 1;
    this.#listeners.forEach((tell) => tell());
  }

  /** What was handed in before is written first; nothing is afterwards. */
  async close(): Promise<void> {
    await this.#last;
    this.#disk.close();
  }
}

function parts(key: string): [table: string, id: string] {
  const at = key.indexOf("/");
  return [key.slice(0, at), key.slice(at + 1)];
}
