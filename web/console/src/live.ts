/** The board as it is now: read whole, read again at each nudge, and honest about how old it is. */
import { computed, reactive, shallowRef } from "vue";

import type { components } from "@wangge/shared/api/schema.d.ts";
import type { Values } from "@wangge/shared/sync/canonical.ts";
import { listenOnce } from "@wangge/shared/sync/nudges.ts";
import { isPromiseMissed } from "@wangge/shared/vocabulary/words.ts";

import { readAlarmsSometimes } from "./alarms.ts";
import { authorised, GET, got, me } from "./api.ts";
import { readFactsSometimes } from "./facts.ts";

export type Job = components["schemas"]["BoardJob"];
export type Crew = components["schemas"]["BoardCrew"];
export type Cell = components["schemas"]["BoardCell"];
export type Notice = components["schemas"]["BoardNotice"];

const EVERY_MS = 30_000;
const STALE_MS = 60_000;
const AGAIN_MS = 3_000;
let triedAt = 0;

export const jobs = shallowRef<Job[]>([]);
export const crews = shallowRef<Crew[]>([]);
export const cells = shallowRef<Cell[]>([]);
/** What I was told and have not read, the newest first. */
export const notices = shallowRef<Notice[]>([]);
/** West, south, east and north of the ground. */
export const extent = shallowRef<components["schemas"]["BoardOut"]["extent"]>(null);
export const matters = shallowRef(new Map<string, Values>());
export const live = reactive({ readAt: 0, isListening: false, now: Date.now() });
export const isStale = computed(() => live.now - live.readAt > STALE_MS);

let running: Promise<void> | null = null;
let isWanted = false;

/** Read the board; calls that come while it is being read are answered by one more reading. */
export function readBoard(): Promise<void> {
  if (running) {
    isWanted = true;
    return running;
  }
  running = read()
    .catch(() => undefined)
    .finally(() => {
      running = null;
      if (isWanted) {
        isWanted = false;
        void readBoard();
      }
    });
  return running;
}

async function read(): Promise<void> {
  triedAt = Date.now();
  const board = await got(GET("/api/v1/dispatch/board"));
  jobs.value = board.jobs;
  crews.value = board.crews;
  cells.value = board.cells;
  notices.value = board.notices;
  extent.value = board.extent;
  live.readAt = Date.now();
  readFactsSometimes();
  readAlarmsSometimes();
}

/** The kinds of jobs there are; they seldom change. */
export async function readMatters(): Promise<void> {
  const page = await got(GET("/api/v1/matters", { params: { query: { limit: 500 } } }));
  matters.value = new Map(page.rows!.map((one) => [String(one.id), one as Values]));
}

let timer = 0;

/** Begin to watch: once signed in, until signed out. */
export async function watchBoard(): Promise<void> {
  window.clearInterval(timer);
  timer = window.setInterval(() => {
    if (!me.signed) return unwatchBoard();
    live.now = Date.now();
    const isDue = live.now - live.readAt > EVERY_MS && live.now - triedAt > AGAIN_MS;
    if (isDue) void readBoard();
  }, 1_000);
  await readMatters();
  await readBoard();
  void listen();
}

/** The board's clock stands still; a stream that is open ends by itself. */
export function unwatchBoard(): void {
  window.clearInterval(timer);
}

/** When a stream ends, the next is opened. */
async function listen(): Promise<void> {
  while (me.signed) {
    let wait = AGAIN_MS;
    try {
      const answer = await authorised(new Request("/api/v1/sync/nudges"));
      live.isListening = answer.status === 200;
      wait = 1_000 * (await listenOnce(answer, () => void readBoard()));
    } catch {
      live.isListening = false;
    }
    await new Promise((done) => setTimeout(done, wait));
  }
}

export function matterName(job: Job, language: "zh" | "en"): string {
  const found = matters.value.get(job.matter_id);
  return String(found?.[`name_${language}`] ?? found?.["name_zh"] ?? job.number ?? "");
}

export function crewName(id: string | null | undefined): string {
  return crews.value.find((one) => one.id === id)?.name ?? "";
}

/** A contractor's crew: nobody in it can sign in. */
export function hasNoAccount(id: string | null | undefined): boolean {
  return crews.value.find((one) => one.id === id)?.has_account === false;
}

export function cellName(id: string | null | undefined): string {
  return cells.value.find((one) => one.id === id)?.name ?? "";
}

/** Nobody has opened it for too long, or no crew could be sent: a person must call. */
export function mustCall(job: Job): boolean {
  if (!job.escalated_at) return false;
  if (job.state === "received") return !job.dispatched_at;
  // What was told of an earlier crew is not about this one.
  return (
    job.state === "dispatched" &&
    !job.opened_at &&
    Date.parse(job.escalated_at) >= Date.parse(job.dispatched_at ?? "")
  );
}

export function isLate(job: Job): boolean {
  return (
    isPromiseMissed(job, live.now) ||
    (job.due_at !== null && Date.parse(job.due_at) < live.now && job.state !== "done")
  );
}
