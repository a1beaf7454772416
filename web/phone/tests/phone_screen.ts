/** A phone in a basement for the tests of its screens: its own store, no network until it is brought out. */
import { flushPromises, mount } from "@vue/test-utils";
import { closeToast } from "vant";
import { onTestFinished, vi } from "vitest";
import { type Component, h, triggerRef } from "vue";
import { createMemoryHistory, createRouter } from "vue-router";

import { makeI18n } from "@wangge/shared/i18n.ts";
import type { Values } from "@wangge/shared/sync/canonical.ts";
import { openDisk } from "@wangge/shared/sync/disk.ts";
import type { Engine } from "@wangge/shared/sync/engine.ts";
import { newId } from "@wangge/shared/sync/ids.ts";
import { type Ask, Offline } from "@wangge/shared/sync/link.ts";
import type { Mutation } from "@wangge/shared/sync/store.ts";

import { phoneOn, SmallServer } from "../../shared/tests/small_server.ts";
import { en } from "../src/en/index.ts";
import { engine, sync } from "../src/session.ts";
import { zh } from "../src/zh/index.ts";

export const ME = "me";
/** The city's noon, a Tuesday, as the phone's clock shows it. */
export const NOON = Date.parse("2026-12-01T04:00:00Z");

/** Answers by method and path; without a network while `isAway`. */
export class HouseServer extends SmallServer {
  isAway = true;
  readonly answers: Record<string, (ask: Ask) => Response> = {};
  readonly heard: string[] = [];

  override async send(method: string, path: string, ask: Ask = {}): Promise<Response> {
    if (this.isAway) throw new Offline("no network");
    this.heard.push(`${method} ${path}`);
    const answer = this.answers[`${method} ${path}`];
    if (answer) return answer(ask);
    return /^\/(sync|uploads)/.test(path) ? super.send(method, path, ask) : Response.json({ newest: null });
  }
}

/** A phone that somebody with these roles has opened. */
export async function openedBy(...roles: string[]): Promise<{ phone: Engine; server: HouseServer }> {
  const server = new HouseServer();
  const phone = await phoneOn(await openDisk(newId()), server);
  await phone.store.transaction(() =>
    phone.store.setMeta({
      staff: ME,
      roles,
      access: "a",
      refresh: "r",
      scopes: [{ scope: "cell:c1" }],
      epoch: 1,
    }),
  );
  engine.value = phone;
  Object.assign(sync, {
    isRunning: false,
    isReachable: null,
    problem: null,
    records: 0,
    isUpdateReady: false,
  });
  nothingSaid();
  onTestFinished(() => {
    if (engine.value === phone) engine.value = null;
  });
  return { phone, server };
}

/** Records as the server gave them. */
export async function stand(phone: Engine, kind: string, ...rows: Values[]): Promise<void> {
  await phone.store.transaction(() =>
    rows.forEach((row) => {
      const id = String(row["id"]);
      phone.store.keepLine({ kind, id, version: 1, body: { kind, ...row }, in: ["cell:c1"] } as never);
    }),
  );
  await now();
}

/** What was kept to be handed in, oldest first. */
export const kept = (phone: Engine, kind?: string): Mutation[] =>
  phone.store
    .waiting()
    .map((one) => one.mutation)
    .filter((one) => !kind || one.kind === kind);

/** The screens follow the store. */
export async function now(): Promise<void> {
  triggerRef(engine);
  await flushPromises();
}

/** Every promise that a click began, also those that wait for the storage. */
export async function settled(phone: Engine): Promise<void> {
  for (let n = 0; n < 3; n += 1) {
    await flushPromises();
    await phone.store.transaction(() => undefined);
  }
  await now();
}

export async function shown(component: Component, props: object = {}, language: "zh" | "en" = "zh") {
  localStorage.setItem("wangge.language", language);
  const routes = [{ path: "/:rest(.*)*", component: { render: () => h("i") } }];
  const router = createRouter({ history: createMemoryHistory(), routes });
  await router.push("/here");
  const global = { plugins: [router, makeI18n(zh, en)], stubs: { teleport: true } };
  const page = mount(component, { props, global, attachTo: document.body } as never);
  onTestFinished(() => page.unmount());
  await flushPromises();
  return { page, router };
}
export type Page = Awaited<ReturnType<typeof shown>>["page"];

/** The texts of a list's lines. */
export const texts = (page: Page, selector: string): string[] =>
  page.findAll(selector).map((one) => one.text());

/** Nothing stands at the edge of the screen any more. */
export function nothingSaid(): void {
  closeToast(true);
  document.querySelectorAll(".van-toast").forEach((one) => one.remove());
}

/** What was said at the edge of the screen just now. */
export const toast = (): string => document.querySelector(".van-toast")?.textContent ?? "";

/** Answer the question that stands over the screen; returns what was asked. */
export async function answered(isYes: boolean): Promise<string> {
  const button = `.van-dialog__${isYes ? "confirm" : "cancel"}`;
  const dialogs = (): HTMLElement[] =>
    [...document.querySelectorAll<HTMLElement>(".van-dialog")].filter((one) => one.style.display !== "none");
  await vi.waitFor(() => {
    if (!dialogs().length) throw new Error("nothing is asked");
  }, 20_000);
  const dialog = dialogs().at(-1)!;
  const asked = dialog.querySelector(".van-dialog__message")?.textContent ?? "";
  dialog.querySelector<HTMLElement>(button)!.click();
  await flushPromises();
  return asked;
}

/** Where the satellite says that the phone is; null where it says nothing. */
export function satellite(coordinates: [number, number] | null, accuracy = 12): void {
  const geolocation = {
    getCurrentPosition: (found: (one: object) => void, lost: () => void) =>
      coordinates
        ? found({ coords: { longitude: coordinates[0], latitude: coordinates[1], accuracy } })
        : lost(),
  };
  Object.defineProperty(navigator, "geolocation", { value: geolocation, configurable: true });
}
