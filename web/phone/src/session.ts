/**
 * The running app: one engine for the person at the phone, its sync loop, and what the state bar says of it.
 */
import { computed, reactive, ref, shallowRef } from "vue";

import { loginForm } from "@wangge/shared/comparing/phones.ts";
import type { Values } from "@wangge/shared/sync/canonical.ts";
import { browserClock } from "@wangge/shared/sync/clock.ts";
import type { Disk } from "@wangge/shared/sync/disk.ts";
import { Engine } from "@wangge/shared/sync/engine.ts";
import { httpLink, Offline, type Problem, Refused } from "@wangge/shared/sync/link.ts";
import { listenOnce } from "@wangge/shared/sync/nudges.ts";
import { Store } from "@wangge/shared/sync/store.ts";
import { storeTrouble } from "@wangge/shared/sync/store_trouble.ts";
import { actionOf } from "@wangge/shared/vocabulary/words.ts";

import { recall, refreshInstallation } from "./installation.ts";
import { tellPositions, witnessSeals } from "./position_reports.ts";
import {
  forget,
  forgetKey,
  keepPassword,
  leaveHalf,
  openByHalf,
  openByPassword,
  openByPin,
  people,
  type Person,
  settleIn,
} from "./person.ts";

const EVERY_MS = 30_000;
const SOON_MS = 800;
// The server ends a stream after ten minutes.
const STREAM_MS = 660_000;
const LOCK = "wangge-phone";

export const engine = shallowRef<Engine | null>(null);
/** Grows with every change of the store: what a screen computes from it is computed anew. */
const age = ref(0);

export const sync = reactive({
  isRunning: false,
  /** Whether the last real request was answered; null before the first. */
  isReachable: null as boolean | null,
  problem: null as Problem | null,
  records: 0,
  isUpdateReady: false,
});

/** Only one window works at a time, or two would send the same queue. Resolves when this one is it. */
export function takeTheFloor(onLost: () => void): Promise<void> {
  return new Promise((resolve) => {
    void navigator.locks
      .request(LOCK, { steal: true }, () => new Promise<never>(() => resolve()))
      .catch(() => {
        engine.value = null;
        stream?.abort();
        onLost();
      });
  });
}

function device(): { name: string; appVersion: string } {
  const found = navigator.userAgent.match(/\(([^)]*)\)/)?.[1] ?? "browser";
  return { name: found.slice(0, 80), appVersion: __APP_VERSION__ };
}

async function start(disk: Disk): Promise<Engine> {
  const found = new Engine(await Store.open(disk), httpLink(), browserClock(), device());
  let isOwned = Boolean(found.staffId);
  found.store.rows.onChange(() => {
    age.value += 1;
    // The server had this phone wiped: nothing of it may stay on a screen either.
    if (isOwned && !found.staffId) location.reload();
    isOwned = Boolean(found.staffId);
  });
  found.mayUpload = () => !found.store.meta("wifiOnly", false) || connectionType() !== "cellular";
  found.onPage = (lines) => (sync.records += lines);
  return found;
}

/** What carries us, where the browser tells (Android does); undefined is never taken for a mobile network. */
function connectionType(): string | undefined {
  return (navigator as { connection?: { type?: string } }).connection?.type;
}

export const wifiOnly = useStore((store) => store.meta("wifiOnly", false), false);

export function keepWifiOnly(isOn: boolean): void {
  const store = engine.value!.store;
  void store.transaction(() => store.setMeta({ wifiOnly: isOn })).then(syncSoon);
}

export async function signIn(login: string, password: string, pin: string): Promise<void> {
  const known = (await people()).find((one) => loginForm(one.login) === loginForm(login));
  const opened = known ? await openByPassword(known, password, pin) : null;
  if (known && !opened) throw new Refused(401, { code: "other_password" });
  const { person, disk } = opened ? { person: known!, disk: opened } : await settleIn(login, pin, password);
  const found = await start(disk);
  try {
    await found.signIn(login, password);
  } catch (error) {
    if (!opened) await forget(person);
    throw error;
  }
  begin(found);
}

export async function unlock(person: Person, pin: string): Promise<void> {
  begin(await start(await openByPin(person, pin)));
}

/** The sign-in has ended; the work stays, and the same person signs in again. */
export async function signInAgain(password: string): Promise<void> {
  const login = (await people())[0]!.login;
  await engine.value!.signIn(login, password);
  await keepPassword(password);
  void syncNow();
}

/** What a locked phone asks of the server: it has its proof, and nobody is signed in. */
async function asPhone(person: Person, method: string, path: string, json?: Values): Promise<Values> {
  const ask = { token: person.byRecovery!.proof, ...(json ? { json } : {}) };
  const answer = await httpLink().send(method, `/phone-recoveries/mine${path}`, ask);
  return (await answer.json()) as Values;
}

/** PIN and password are forgotten: a code for an administrator, and whether one has approved. */
export const askForPin = (person: Person): Promise<Values> => asPhone(person, "POST", "");
export const howFar = (person: Person): Promise<Values> => asPhone(person, "GET", "");

/** Approved: the server's half opens the store, with the password that the person has now and a new PIN. */
export async function openApproved(person: Person, password: string, pin: string): Promise<void> {
  const { half } = await asPhone(person, "POST", "/half", { password });
  const bytes = Uint8Array.from(atob(String(half)), (sign) => sign.charCodeAt(0));
  const found = await start(await openByHalf(person, bytes, password, pin));
  // Offline by now, or the sign-in has ended: the work is open all the same.
  await found.signIn(person.login, password).catch(() => undefined);
  begin(found);
}

/** The server's half of the key to this store, which no PIN and no password of tomorrow changes. */
async function shareKey(found: Engine): Promise<void> {
  await leaveHalf(async ({ id, proof }, half) => {
    const json = { half: btoa(String.fromCharCode(...half)), proof };
    await found.ask("PUT", `/phone-recoveries/${id}`, { json });
  });
}

let timer = 0;

function begin(found: Engine): void {
  recall(found.store);
  engine.value = found;
  age.value += 1;
  window.clearInterval(timer);
  timer = window.setInterval(() => void syncNow(), EVERY_MS);
  void syncNow();
  void listen();
}

let stream: AbortController | null = null;

/**
 * While somebody looks at the app, news comes at once; where the server has no stream to spare, as often as
 * it says.
 */
async function listen(): Promise<void> {
  stream?.abort();
  const mine = new AbortController();
  stream = mine;
  const found = engine.value;
  while (found && engine.value === found && !mine.signal.aborted) {
    const ask = { timeoutMs: STREAM_MS, signal: mine.signal };
    const wait = await found
      .ask("GET", "/sync/nudges", ask)
      .then((answer) => listenOnce(answer, () => void syncNow()))
      .catch(() => EVERY_MS / 1000);
    if (mine.signal.aborted) return;
    await new Promise((done) => window.setTimeout(done, wait * 1000));
    // What came between two streams, nobody told.
    if (!mine.signal.aborted) void syncNow();
  }
}

export function lock(): void {
  window.clearInterval(timer);
  stream?.abort();
  void engine.value?.store.rows.close();
  engine.value = null;
  forgetKey();
}

/** The network or the person is back. */
function resume(): void {
  void syncNow();
  void listen();
}

window.addEventListener("online", resume);
document.addEventListener("visibilitychange", () =>
  document.visibilityState === "visible" ? resume() : stream?.abort(),
);

let soon = 0;

/** After work was kept: try to hand it in at once, several pieces together. */
export function syncSoon(): void {
  window.clearTimeout(soon);
  soon = window.setTimeout(() => void syncNow(), SOON_MS);
}

let again = false;

export async function syncNow(): Promise<void> {
  const found = engine.value;
  if (!found) return;
  if (sync.isRunning) {
    again = true;
    return;
  }
  sync.isRunning = true;
  try {
    // What stops the one stops not the other: positions go although a photo does not.
    await found.sync().finally(() => tellPositions(found));
    await witnessSeals(found);
    await shareKey(found).catch(() => undefined);
    await refreshInstallation(found);
    // What the server did not take stops nothing, but is not done: it is said until it is.
    const left = found.store
      .waiting()
      .map((one) => found.refusedWork[one.mutation.id])
      .find(Boolean);
    Object.assign(sync, { isReachable: true, problem: left ?? null });
  } catch (error) {
    // Locked meanwhile: its store is closed, and that is no trouble of whoever comes next.
    if (engine.value !== found) Object.assign(sync, { problem: null });
    else if (error instanceof Offline) sync.isReachable = false;
    else if (error instanceof Refused) Object.assign(sync, { isReachable: true, problem: error.problem });
    else sync.problem = { code: storeTrouble(error) ?? "phone_error", detail: String(error) };
  } finally {
    sync.isRunning = false;
  }
  if (again) {
    again = false;
    syncSoon();
  }
}

// -- what screens read --------------------------------------------------------------------------------------

/**
 * Records of a kind as the screen shows them: unsent work laid over, the state as the unsent steps leave it.
 */
export function useRecords(kind: string) {
  return computed(() => {
    void age.value;
    return engine.value ? withSteps(engine.value, kind) : new Map<string, Values>();
  });
}

function withSteps(found: Engine, kind: string): Map<string, Values> {
  const shown = found.records(kind);
  for (const [key, entries] of found.store.unsentByRecord()) {
    const [of, id] = key.split("/") as [string, string];
    const last = of === kind ? entries.filter((one) => one.mutation.op === "act").at(-1) : undefined;
    const target = last && actionOf(kind, last.mutation.action!)?.to;
    if (target) shown.set(id, { ...shown.get(id), state: target });
    if (of === kind && entries.some((one) => one.mutation.op === "delete")) shown.delete(id);
  }
  return shown;
}

export function useStore<T>(read: (store: Store) => T, otherwise: T) {
  return computed(() => {
    void age.value;
    return engine.value ? read(engine.value.store) : otherwise;
  });
}

export const roles = useStore((store) => store.meta<string[]>("roles", []), []);
export const myId = useStore((store) => store.meta("staff", ""), "");
export const waiting = useStore((store) => store.waiting(), []);
export const photosWaiting = useStore((store) => store.photosToSend(), []);
export const photosAside = useStore((store) => store.photosAside(), []);
export const refusedWork = useStore((store) => store.meta<Record<string, Problem>>("refused", {}), {});
export const parked = useStore(
  (store) => store.journal().filter((one) => one.outcome?.status === "parked" && !one.outcome.settledBy),
  [],
);
const scopes = useStore(
  (store) => new Set(store.meta<{ scope: string }[]>("scopes", []).map((one) => one.scope)),
  new Set<string>(),
);
export const isMyCell = (id: unknown): boolean => scopes.value.has(`cell:${id}`);
export const isReady = useStore((store) => {
  const complete = store.meta<Record<string, boolean>>("complete", {});
  return ["0", "1", "2"].every((part) => complete[part]);
}, false);

// -- drafts: what is half filled in survives the death of the page ------------------------------------------

export function readDraft<T>(name: string): T | null {
  return (engine.value?.store.rows.table<T>("draft").get(name) as T | undefined) ?? null;
}

export function keepDraft(name: string, value: unknown): void {
  const store = engine.value?.store;
  void store?.transaction(() => store.rows.put("draft", name, JSON.parse(JSON.stringify(value))));
}

export function dropDraft(name: string): void {
  const store = engine.value?.store;
  void store?.transaction(() => store.rows.remove("draft", name));
}
