/**
 * The console's way to the server: typed by the contract, refreshed when a token ends, errors as the
 * catalogue has them.
 */
import createClient from "openapi-fetch";
import { reactive, toRaw } from "vue";

import type { components, paths } from "@wangge/shared/api/schema.d.ts";
import { newId } from "@wangge/shared/sync/ids.ts";
import type { Problem } from "@wangge/shared/sync/link.ts";
import { type Language, refusalWords } from "@wangge/shared/vocabulary/words.ts";

const KEPT = "wangge.console";
const DEVICE = "wangge.device";
// By it this browser proves to be itself: people who share it sign in under one id, and strangers' wrong
// tries do not hold them up.
const DEVICE_SECRET = "wangge.device-secret";

// Whoever signs in beside us may have given this browser another id: a sign-in stays bound to the
// `device_id` it began with.
type Signed = components["schemas"]["SignedIn"];

/** Who is signed in, for as long as this tab lives. */
export const me = reactive<{ signed: Signed | null }>({
  signed: JSON.parse(sessionStorage.getItem(KEPT) ?? "null") as Signed | null,
});

function keep(signed: Signed | null): void {
  me.signed = signed;
  if (signed) sessionStorage.setItem(KEPT, JSON.stringify(signed));
  else sessionStorage.removeItem(KEPT);
}

function deviceId(): string {
  const id = localStorage.getItem(DEVICE) ?? newId();
  localStorage.setItem(DEVICE, id);
  return id;
}

/** The server said no; `problem` says why and what to do. */
export class Refused extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.code);
    this.problem = problem;
  }
}

let refreshing: Promise<boolean> | null = null;

/**
 * A tab that was opened as a copy of another has its tokens too, and a refresh token is good once: they tell
 * each other.
 */
const others = new BroadcastChannel("wangge.console");
others.onmessage = ({ data }: MessageEvent<{ was: string; signed: Signed }>) => {
  if (me.signed?.refresh_token === data.was) keep(data.signed);
};

async function refresh(): Promise<boolean> {
  const was = me.signed?.refresh_token;
  const renew = async (): Promise<boolean> => {
    if (me.signed?.refresh_token !== was) return me.signed !== null;
    const isRenewed = await renewed();
    // As it is: what Vue wraps cannot be sent to another tab.
    if (isRenewed) others.postMessage({ was, signed: toRaw(me.signed) });
    // Long enough for the word to arrive before the next tab asks.
    await new Promise((done) => window.setTimeout(done, 50));
    return isRenewed;
  };
  // There are no locks on a page without TLS.
  return navigator.locks ? navigator.locks.request("wangge.refresh", renew) : renew();
}

async function renewed(): Promise<boolean> {
  const body = JSON.stringify({
    refresh_token: me.signed?.refresh_token,
    device_id: me.signed?.device_id ?? deviceId(),
  });
  const answer = await fetch("/api/v1/sessions/refresh", {
    method: "POST",
    body,
    headers: { "Content-Type": "application/json" },
  });
  if (answer.ok) keep((await answer.json()) as Signed);
  else if (answer.status < 500 && answer.status !== 429) keep(null);
  return answer.ok;
}

/** A request as whoever is signed in; an ended token is refreshed once, for all requests that met its end. */
async function authorised(request: Request): Promise<Response> {
  const again = request.clone();
  request.headers.set("Authorization", `Bearer ${me.signed?.access_token}`);
  const answer = await fetch(request);
  if (answer.status !== 401 || !me.signed) return answer;
  refreshing ??= refresh().finally(() => (refreshing = null));
  if (!(await refreshing)) return answer;
  again.headers.set("Authorization", `Bearer ${me.signed?.access_token}`);
  return fetch(again);
}

const api = createClient<paths>({ baseUrl: "", fetch: authorised });
export const { GET, POST, PUT, PATCH, DELETE } = api;

/** What came, or the reason why not. */
export async function got<T>(asked: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await asked;
  if (response.ok) return data as T;
  throw new Refused((error as Problem | undefined) ?? { code: "unreadable_answer" });
}

export async function signIn(login: string, password: string): Promise<void> {
  const { device_secret: secret, ...signed } = await signedIn(login, password).catch((error: unknown) => {
    if (!(error instanceof Refused) || error.problem.code !== "device_taken") throw error;
    localStorage.removeItem(DEVICE);
    localStorage.removeItem(DEVICE_SECRET);
    return signedIn(login, password);
  });
  if (secret) localStorage.setItem(DEVICE_SECRET, secret);
  keep(signed);
}

async function signedIn(login: string, password: string): Promise<Signed> {
  const device = { id: deviceId(), secret: localStorage.getItem(DEVICE_SECRET), name: "console" };
  const body = JSON.stringify({ login, password, device });
  const answer = await fetch("/api/v1/sessions", {
    method: "POST",
    body,
    headers: { "Content-Type": "application/json" },
  });
  const found: unknown = await answer.json();
  if (!answer.ok) throw new Refused(found as Problem);
  return found as Signed;
}

/** The password is one's own now: everything is open. */
export function hasOwnPassword(): void {
  if (me.signed) keep({ ...me.signed, must_change_password: false });
}

export function signOut(): void {
  if (me.signed) void DELETE("/api/v1/sessions");
  keep(null);
}

/** Bytes that only a signed-in person may see, as an address for an image. */
export async function pictureUrl(photo: string): Promise<string> {
  // The copy for screens; the original while that is not made yet, or cannot be.
  let answer = await authorised(new Request(`/api/v1/photo-content/${photo}?size=web`));
  if (answer.status === 422 || answer.status === 503)
    answer = await authorised(new Request(`/api/v1/photo-content/${photo}`));
  return answer.ok ? URL.createObjectURL(await answer.blob()) : "";
}

/** A paper or a case, opened or saved as its type asks; the server logs cases. */
export async function openFile(path: string, name: string): Promise<void> {
  const answer = await authorised(new Request(path));
  if (!answer.ok) throw new Refused((await answer.json()) as Problem);
  const url = URL.createObjectURL(await answer.blob());
  const link = Object.assign(document.createElement("a"), { href: url, target: "_blank", rel: "noopener" });
  if (!name.endsWith(".pdf")) link.download = name;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** A large file: saved under its name; `told` hears how many bytes came so far. */
export async function download(
  path: string,
  name: string,
  told: (bytes: number) => void = () => undefined,
): Promise<void> {
  const answer = await authorised(new Request(path));
  if (!answer.ok) throw new Refused((await answer.json()) as Problem);
  let bytes = 0;
  const counted = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, out) {
      told((bytes += chunk.byteLength));
      out.enqueue(chunk);
    },
  });
  const whole = await new Response(answer.body!.pipeThrough(counted)).blob();
  const url = URL.createObjectURL(whole);
  Object.assign(document.createElement("a"), { href: url, download: name }).click();
  window.setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

export { authorised };

/** An error as a sentence and what to do. */
export function sentenceOf(error: unknown, language: Language): string {
  if (!(error instanceof Refused))
    return language === "zh" ? "服务器没有回答，请稍后再试" : "The server does not answer; try again";
  return refusalWords(error.problem, language);
}
