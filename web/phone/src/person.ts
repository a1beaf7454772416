/**
 * Who uses this phone: each person's sealed store, opened by a PIN, or by the password where the PIN is
 * forgotten.
 */
import { type Disk, openDisk } from "@wangge/shared/sync/disk.ts";
import { newId } from "@wangge/shared/sync/ids.ts";
import {
  newKey,
  newRecovery,
  type Recovery,
  recoveredKey,
  sealedDisk,
  unwrapKey,
  wrapKey,
  type Wrapped,
} from "@wangge/shared/sync/vault.ts";

export interface Person {
  login: string;
  disk: string;
  byPin: Wrapped;
  byPassword: Wrapped;
  /** None until the server has its half; a phone of before gets it when it is next opened with a network. */
  byRecovery?: Recovery | null;
  wrongPins: number;
  waitUntil: number;
  openedAt: number;
}

const PATIENT_AFTER = 5;
const WAIT_MS = 30_000;

/** The PIN is wrong; after some tries the phone makes the finder wait, longer each time. */
export class WrongPin extends Error {
  readonly waitUntil: number;

  constructor(waitUntil: number) {
    super("wrong pin");
    this.waitUntil = waitUntil;
  }
}

let door: Promise<Disk> | null = null;
/** Asked anew where it could not be opened: what failed once need not fail for ever. */
const doorDisk = (): Promise<Disk> =>
  (door ??= openDisk("wangge-door").catch((error: unknown) => {
    door = null;
    throw error;
  }));

/** Whose store is open, with its key: to seal it by another password, and to leave the server a half. */
let open: { person: Person; key: CryptoKey } | null = null;
export const forgetKey = (): void => void (open = null);

async function openedBy(person: Person, key: CryptoKey): Promise<Disk> {
  open = { person, key };
  return sealedDisk(await openDisk(person.disk), key);
}

const CANARY = "wangge.canary";

/**
 * Whether the system erased this phone's databases: the canary outlives them, or it has nothing to sing
 * about.
 */
export async function wasErased(): Promise<boolean> {
  return localStorage.getItem(CANARY) !== null && (await people()).length === 0;
}

export async function people(): Promise<Person[]> {
  const rows = await (await doorDisk()).load();
  return rows.map((row) => row.value as Person).sort((a, b) => b.openedAt - a.openedAt);
}

async function keep(person: Person): Promise<void> {
  await (await doorDisk()).commit([{ key: `person/${person.login}`, value: person }], []);
  localStorage.setItem(CANARY, String(person.openedAt));
}

export async function forget(person: Person): Promise<void> {
  await (await doorDisk()).commit([], [`person/${person.login}`]);
  if (!(await people()).length) localStorage.removeItem(CANARY);
}

/** A new store for somebody, sealed by a new key that PIN and password both open. */
export async function settleIn(
  login: string,
  pin: string,
  password: string,
): Promise<{ person: Person; disk: Disk }> {
  const key = await newKey();
  const [byPin, byPassword] = await Promise.all([wrapKey(key, pin), wrapKey(key, password)]);
  const person = {
    login,
    disk: `wangge-${newId()}`,
    byPin,
    byPassword,
    wrongPins: 0,
    waitUntil: 0,
    openedAt: Date.now(),
  };
  const disk = await openedBy(person, key);
  await keep(person);
  return { person, disk };
}

export async function openByPin(person: Person, pin: string): Promise<Disk> {
  if (Date.now() < person.waitUntil) throw new WrongPin(person.waitUntil);
  const key = await unwrapKey(person.byPin, pin).catch(() => null);
  if (key === null) {
    const wrongPins = person.wrongPins + 1;
    const waits = Math.max(wrongPins - PATIENT_AFTER + 1, 0);
    person.wrongPins = wrongPins;
    person.waitUntil = waits ? Date.now() + WAIT_MS * 2 ** (waits - 1) : 0;
    await keep(person);
    throw new WrongPin(person.waitUntil);
  }
  Object.assign(person, { wrongPins: 0, waitUntil: 0, openedAt: Date.now() });
  await keep(person);
  return openedBy(person, key);
}

/**
 * The PIN was forgotten: the password opens the same store and sets a new PIN. Null where it does not fit.
 */
export async function openByPassword(person: Person, password: string, pin: string): Promise<Disk | null> {
  const key = await unwrapKey(person.byPassword, password).catch(() => null);
  if (key === null) return null;
  Object.assign(person, { byPin: await wrapKey(key, pin), wrongPins: 0, waitUntil: 0, openedAt: Date.now() });
  await keep(person);
  return openedBy(person, key);
}

/** PIN and password were forgotten: with the server's half the same store opens and takes new ones. */
export async function openByHalf(
  person: Person,
  half: Uint8Array<ArrayBuffer>,
  password: string,
  pin: string,
): Promise<Disk> {
  const key = await recoveredKey(person.byRecovery!, half);
  const [byPin, byPassword] = await Promise.all([wrapKey(key, pin), wrapKey(key, password)]);
  // Both halves have met: the next time it takes new ones.
  Object.assign(person, { byPin, byPassword, byRecovery: null, wrongPins: 0, waitUntil: 0 });
  await keep(person);
  return openedBy(person, key);
}

/** The password is another than it was: it opens the store from now on. */
export async function keepPassword(password: string): Promise<void> {
  if (!open) return;
  open.person.byPassword = await wrapKey(open.key, password);
  await keep(open.person);
}

/** Leave the server its half, once; nothing is kept here before it has it. */
export async function leaveHalf(
  send: (recovery: Recovery, half: Uint8Array<ArrayBuffer>) => Promise<unknown>,
): Promise<void> {
  if (!open || open.person.byRecovery) return;
  const { person, key } = open;
  const { recovery, half } = await newRecovery(key, newId());
  await send(recovery, half);
  person.byRecovery = recovery;
  await keep(person);
}
