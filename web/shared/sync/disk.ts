/** Where a phone's rows stand: a set of named rows, changed all or none. The real one is IndexedDB, with `strict` durability. */
import { type IDBPDatabase, openDB } from "idb";

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
}

const ROWS = "rows";
/** Keys of values that stay on the disk until they are asked for: photos' bytes. */
export const LARGE = "bytes/";

/** One database a person and origin. iOS drops connections to IndexedDB in the background: it is opened again then. */
export async function openDisk(name: string): Promise<Disk> {
  let database = await open(name);
  const again = async <T>(work: (db: IDBPDatabase) => Promise<T>): Promise<T> => {
    try {
      return await work(database);
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== "InvalidStateError") throw error;
      database = await open(name);
      return work(database);
    }
  };
  return {
    load: () => again(loadRows),
    read: (key) => again((db) => db.get(ROWS, key)),
    commit: (puts, removals) => again((db) => commit(db, puts, removals)),
    erase: () => again((db) => db.clear(ROWS)),
    close: () => database.close(),
  };
}

function open(name: string): Promise<IDBPDatabase> {
  return openDB(name, 1, { upgrade: (db) => void db.createObjectStore(ROWS) });
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

async function commit(db: IDBPDatabase, puts: Row[], removals: string[]): Promise<void> {
  const transaction = db.transaction(ROWS, "readwrite", { durability: "strict" });
  const asked: Promise<unknown>[] = puts.map((row) => transaction.store.put(row.value, row.key));
  asked.push(...removals.map((key) => transaction.store.delete(key)));
  await Promise.all([...asked, transaction.done]);
}
