/** A server of some lines for the console's tests: answers by address, and what was asked. */
import { type DOMWrapper, flushPromises, mount } from "@vue/test-utils";
import { ElMessage, ElMessageBox, ElSelect } from "element-plus";
import { onTestFinished, vi } from "vitest";
import { type Component, createApp, h } from "vue";
import { createMemoryHistory, createRouter, type Router } from "vue-router";

import { makeI18n } from "@wangge/shared/i18n.ts";
import { errorWords, type Language } from "@wangge/shared/vocabulary/words.ts";

import { me } from "../src/api.ts";
import { en } from "../src/en/index.ts";
import { zh } from "../src/zh/index.ts";

export interface Asked {
  method: string;
  /** The address with its query. */
  path: string;
  body: unknown;
  headers: Headers;
}
type Answer = unknown | ((asked: Asked) => unknown);

/** What is not listed here is a 404 with a problem. A `Response` goes as it is, anything else as JSON. */
export function house(answers: Record<string, Answer>): Asked[] {
  const all: Asked[] = [];
  vi.stubGlobal("fetch", async (input: Request | string, init?: RequestInit) => {
    const request = new Request(input, init);
    const { pathname, search } = new URL(request.url, location.origin);
    const text = await request.text();
    const asked: Asked = {
      method: request.method,
      path: pathname + search,
      body: isJson(request) && text ? (JSON.parse(text) as unknown) : text || null,
      headers: request.headers,
    };
    all.push(asked);
    const found = answers[`${request.method} ${pathname}`] ?? refused(404, "not_found");
    const answer: unknown =
      typeof found === "function" ? await (found as (one: Asked) => unknown)(asked) : found;
    return answer instanceof Response ? answer.clone() : Response.json(answer);
  });
  return all;
}

const isJson = (request: Request): boolean =>
  (request.headers.get("Content-Type") ?? "").includes("application/json");

export const refused = (status: number, code: string, more: object = {}): Response =>
  Response.json({ code, ...more }, { status });

/** A line that breaks before the answer has come. */
export const broken = (): never => {
  throw new TypeError("fetch failed");
};

/** An answer that waits until somebody lets it go. */
export function held(answer: unknown) {
  let open: () => void = () => undefined;
  const gate = new Promise<void>((done) => (open = done));
  const go = async (): Promise<void> => {
    open();
    await flushPromises();
  };
  return { answer: () => gate.then(() => answer), go };
}

/** A page of the list of a kind, as the server gives it. */
export const rowsOf = (...rows: object[]) => ({ rows, next: null });

export const writes = (asked: Asked[]): Asked[] => asked.filter((one) => one.method !== "GET");

/** What the catalogue says of an error. */
export const whatOf = (code: string, language: Language): string => errorWords(code, language)!.what;

export function signedIn(...roles: string[]): void {
  me.signed = {
    access_token: "a",
    refresh_token: "r",
    expires_in_s: 600,
    staff_id: "me",
    unit_id: "u",
    device_id: "d",
    device_revoked: false,
    must_change_password: false,
    roles,
  };
}

interface Where {
  props?: object;
  language?: "zh" | "en";
  at?: string;
  /** Parts of the library that draw nothing here: their lists that open need a browser's layout. */
  without?: string[];
}

/** Where a page stands: in a language, at an address. */
export async function shown(
  component: Component,
  { props = {}, language = "zh", at = "/", without = [] }: Where = {},
) {
  localStorage.setItem("wangge.language", language);
  const router = routed();
  await router.push(at);
  const stubs = { teleport: true, ...Object.fromEntries(without.map((name) => [name, true])) };
  const options = {
    props,
    global: { plugins: [router, makeI18n(zh, en)], stubs },
  };
  const page = mount(component, options as never);
  // What stays on a page goes on following the board.
  onTestFinished(() => page.unmount());
  await flushPromises();
  return { page, router };
}

export const routed = (): Router =>
  createRouter({
    history: createMemoryHistory(),
    routes: [{ path: "/:rest(.*)*", component: { render: () => h("i") } }],
  });

/** A composable as a component would use it. */
export function within<T>(router: Router, use: () => T): T {
  let found!: T;
  const app = createApp({
    setup: () => {
      found = use();
      return () => h("i");
    },
  });
  app.use(router).mount(document.createElement("div"));
  return found;
}

export type Page = Awaited<ReturnType<typeof shown>>["page"];

/** What is said in passing, in a corner of the screen. */
export function overheard() {
  const said = { success: [] as string[], warning: [] as string[], error: [] as string[] };
  for (const tone of ["success", "warning", "error"] as const) {
    const spy = vi.spyOn(ElMessage, tone).mockImplementation(((text: unknown) => {
      said[tone].push(String(text));
      return { close: () => undefined };
    }) as never);
    onTestFinished(() => spy.mockRestore());
  }
  return said;
}

/** Whoever is asked whether they are sure says yes, or closes the question. */
export function sure(isSure: boolean) {
  const spy = vi.spyOn(ElMessageBox, "confirm");
  if (isSure) spy.mockResolvedValue("confirm" as never);
  else spy.mockRejectedValue("cancel");
  onTestFinished(() => spy.mockRestore());
  return spy;
}

/** The texts of a table, row by row. */
export const tableOf = (page: Page, where: string): string[][] =>
  page.findAll(`${where} tbody tr`).map((row) => row.findAll("td").map((one) => one.text()));

export const selectOf = (page: Page, label: string) =>
  page.findAllComponents(ElSelect).find((one) => one.props("ariaLabel") === label)!;

/** Choose from a list, which a browser would have to lay out before it opens. */
export async function choose(page: Page, label: string, value: unknown): Promise<void> {
  const found = selectOf(page, label);
  found.vm.$emit("update:modelValue", value);
  found.vm.$emit("change", value);
  await flushPromises();
}

export async function press(page: Page, where: string): Promise<void> {
  await page.get(where).trigger("click");
  await flushPromises();
}

/** Files put into an input, as by a person. */
export async function put(
  input: Pick<DOMWrapper<Element>, "element" | "trigger">,
  ...files: File[]
): Promise<void> {
  Object.defineProperty(input.element, "files", { value: files, configurable: true });
  await input.trigger("change");
  await flushPromises();
}
