/** The console's way to the server: typed by the contract, refreshed when a token ends, errors as the catalogue has them. */
import createClient from "openapi-fetch";
import { reactive } from "vue";

import type { paths } from "@wangge/shared/api/schema.d.ts";
import { newId } from "@wangge/shared/sync/ids.ts";
import type { Problem } from "@wangge/shared/sync/link.ts";
import { errorWords, type Language } from "@wangge/shared/vocabulary/words.ts";

const KEPT = "wangge.console";
const DEVICE = "wangge.device";

interface Signed {
  access_token: string;
  refresh_token: string;
  staff_id: string;
  unit_id: string;
  roles: string[];
}

/** Who is signed in, for as long as this tab lives. */
export const me = reactive<{ signed: Signed | null }>({ signed: JSON.parse(sessionStorage.getItem(KEPT) ?? "null") as Signed | null });

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

async function refresh(): Promise<boolean> {
  const body = JSON.stringify({ refresh_token: me.signed?.refresh_token, device_id: deviceId() });
  const answer = await fetch("/api/v1/sessions/refresh", { method: "POST", body, headers: { "Content-Type": "application/json" } });
  if (answer.ok) keep((await answer.json()) as Signed);
  else if (answer.status < 500) keep(null);
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
  const device = { id: deviceId(), name: "console" };
  const body = JSON.stringify({ login, password, device });
  const answer = await fetch("/api/v1/sessions", { method: "POST", body, headers: { "Content-Type": "application/json" } });
  const found: unknown = await answer.json();
  if (!answer.ok) throw new Refused(found as Problem);
  keep(found as Signed);
}

export function signOut(): void {
  void DELETE("/api/v1/sessions");
  keep(null);
}

/** Bytes that only a signed-in person may see, as an address for an image. */
export async function pictureUrl(photo: string): Promise<string> {
  // The copy for screens; the original while that is not made yet, or cannot be.
  let answer = await authorised(new Request(`/api/v1/photo-content/${photo}?size=web`));
  if (answer.status === 422 || answer.status === 503) answer = await authorised(new Request(`/api/v1/photo-content/${photo}`));
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

export { authorised };

/** An error as a sentence and what to do. */
export function sentenceOf(error: unknown, language: Language): string {
  if (!(error instanceof Refused)) return language === "zh" ? "服务器没有回答，请稍后再试" : "The server does not answer; try again";
  const { problem } = error;
  const faults = ((problem["faults"] ?? []) as Record<string, string>[]).map((one) => one[language]).filter(Boolean).join("；");
  const words = errorWords(problem.code, language);
  return [words?.what ?? problem.code, faults, words?.remedy].filter(Boolean).join(language === "zh" ? "。" : ". ");
}
