/** A server of some lines for the console's tests: answers by address, and what was asked. */
import { flushPromises, mount } from "@vue/test-utils";
import { onTestFinished, vi } from "vitest";
import { type Component, createApp, h } from "vue";
import { createMemoryHistory, createRouter, type Router } from "vue-router";

import { makeI18n } from "@wangge/shared/i18n.ts";

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
      body: text ? (JSON.parse(text) as unknown) : null,
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

export const refused = (status: number, code: string, more: object = {}): Response =>
  Response.json({ code, ...more }, { status });

export function signedIn(...roles: string[]): void {
  me.signed = {
    access_token: "a",
    refresh_token: "r",
    expires_in_s: 600,
    staff_id: "me",
    unit_id: "u",
    device_id: "d",
    device_revoked: false,
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
