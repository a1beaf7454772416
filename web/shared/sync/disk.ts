/**
 * Where a phone's rows stand: a set of named rows, changed all or none. The real one is IndexedDB, with
 * `strict` durability.
 */
import { type IDBPDatabase, openDB } from "idb";

import { mayPass, nameOf } from "./store_trouble.ts";

export interface Row {
  key: string;
  value: unknown;
}

export interface Disk {
  /** Every row but the large ones, in the order of their keys. */
  load(): Promise<Row[]>;
  read(key: string): Promise<unknown>;
  /** All of it or nothing; when this returns, it survives the death of the program. */
  commit(puts: Row[], removals: string[]): Promise<void>;
  erase(): Promise<void>;
  close(): void;
  /** Whether the system had erased everything when this was last opened again; true once. */
  wasEmptied?(): boolean;
}

const ROWS = "rows";
/** Keys of values that stay on the disk until they are asked for: photos' bytes. */
export const LARGE = "bytes/";

/** How long to wait before the storage is opened again, each time. */
const PAUSES_MS = [0, 100, 500];

/**
 * One database a person and origin. What passes when it is opened again (iOS drops connections) is done
 * again; the rest is thrown as it came.
 */
export async function openDisk(name: string): Promise<Disk> {
  const connection = await Connection.open(name);
  return {
    load: () => connection.run(loadRows),
    read: (key) => connection.run((db) => db.get(ROWS, key)),
    commit: (puts, removals) => connection.run((db) => commit(db, puts, removals)),
    erase: () => connection.run((db) => db.clear(ROWS)),
    close: () => connection.close(),
    wasEmptied: () => connection.wasEmptied(),
  };
}

class Connection {
  readonly #name: string;
  #database!: IDBPDatabase;
  #reopening: Promise<void> | null = null;
  #isEmptied = false;
  #isClosed = false;

  private constructor(name: string) {
    this.#name = name;
  }

  static async open(name: string): Promise<Connection> {
    const found = new Connection(name);
    await patiently(
      () => found.#open(),
      () => Promise.resolve(),
    );
    // A store that is made now was never anybody's.
    found.#isEmptied = false;
    return found;
  }

  async #open(): Promise<void> {
    const upgrade = (db: IDBPDatabase): void => {
      db.createObjectStore(ROWS);
      this.#isEmptied = true;
    };
    this.#database = await openDB(this.#name, 1, { upgrade });
    // Closed while it was being opened.
    if (this.#isClosed) this.#database.close();
  }

  /** The same work again on a connection opened anew; safe, since rows are put under their keys. */
  run<T>(work: (db: IDBPDatabase) => Promise<T>): Promise<T> {
    let used = this.#database;
    return patiently(
      () => work((used = this.#database)),
      async () => {
        // What was closed on purpose stays closed: a connection left over would keep the store from being
        // deleted.
        if (this.#isClosed || used !== this.#database) return;
        used.close();
        await (this.#reopening ??= this.#open().finally(() => (this.#reopening = null)));
      },
    );
  }

  close(): void {
    this.#isClosed = true;
    this.#database.close();
  }

  wasEmptied(): boolean {
    const was = this.#isEmptied;
    this.#isEmptied = false;
    return was;
  }
}

/** Try, and after a failure that may pass mend and try again, a few times. */
async function patiently<T>(work: () => Promise<T>, mend: () => Promise<void>): Promise<T> {
  for (const pause of PAUSES_MS) {
    try {
      return await work();
    } catch (error) {
      if (!mayPass(error)) throw error;
    }
    await new Promise((done) => setTimeout(done, pause));
    // Where it cannot be opened now, it may be at the next try.
    await mend().catch((error: unknown) => {
      if (!mayPass(error)) throw error;
    });
  }
  return work();
}

async function loadRows(db: IDBPDatabase): Promise<Row[]> {
  const ranges = [IDBKeyRange.upperBound(LARGE, true), IDBKeyRange.lowerBound(`${LARGE.slice(0, -1)}0`)];
  const found: Row[] = [];
  for (const range of ranges) {
    const [keys, values] = await Promise.all([db.getAllKeys(ROWS, range), db.getAll(ROWS, range)]);
    keys.forEach((key, n) => found.push({ key: String(key), value: values[n] }));
  }
  return found;
}

/**
 * What a browser says of a write that failed: the transaction's own reason, not that its parts were broken
 * off with it.
 */
async function commit(db: IDBPDatabase, puts: Row[], removals: string[]): Promise<void> {
  const transaction = db.transaction(ROWS, "readwrite", { durability: "strict" });
  const asked: Promise<unknown>[] = [transaction.done];
  try {
    for (const row of puts) asked.push(transaction.store.put(row.value, row.key));
    for (const key of removals) asked.push(transaction.store.delete(key));
  } catch (error) {
    // All of it or nothing: what was asked before would be written otherwise.
    try {
      transaction.abort();
    } catch {
      // It has been broken off already.
    }
    await Promise.allSettled(asked);
    throw error;
  }
  const failed = (await Promise.allSettled(asked)).flatMap((one) =>
    one.status === "rejected" ? [one.reason as unknown] : [],
  );
  if (failed.length) throw failed.find((one) => nameOf(one) !== "AbortError") ?? failed[0];
}
