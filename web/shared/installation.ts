/**
 * What holds for the whole installation: its time zone, currency, posts, first view. Pages ask the server,
 * and go by what they last heard where it does not answer.
 */
import { shallowRef } from "vue";

import type { components } from "./api/schema.d.ts";

type Public = components["schemas"]["PublicInstallationOut"];
type Whole = components["schemas"]["InstallationOut"];
/** All of it once somebody has signed in; before that, what anybody may know. */
export type Installation = Public & Partial<Whole>;

const KEPT = "wangge.installation";

/** As the server's own usual values are (backend/core/installation.py). */
export const USUAL: Installation = {
  name_zh: "网格",
  name_en: "Wangge",
  time_zone: "Asia/Shanghai",
  language: "zh",
  currency: "CNY",
  minor_digits: 2,
  length_unit: "mm",
  hotlines: [],
  first_view: { lng: 120.38, lat: 36.07, zoom: 10 },
};

const held = shallowRef<Installation>(USUAL);

/** As this page last heard; what is shown by it is shown anew when it changes. */
export const installed = (): Installation => held.value;

/** From now on go by these; what another page said of posts and views stays where this one says nothing. */
export function install(found: Installation): void {
  held.value = { ...held.value, ...found };
}

/** Forget what was heard: for tests, and for a page that changes its server. */
export function uninstall(): void {
  held.value = USUAL;
}

/** Go by what this browser heard the last time, then by what the server says now; never in anybody's way. */
export async function startInstallation(): Promise<void> {
  const kept = keptInstallation();
  if (kept) install(kept);
  const answer = await fetch("/api/v1/public/installation").catch(() => null);
  const found = answer?.ok ? ((await answer.json().catch(() => null)) as Installation | null) : null;
  if (!found?.time_zone) return;
  install(found);
  try {
    localStorage.setItem(KEPT, JSON.stringify(installed()));
  } catch {
    // A browser that keeps nothing asks again the next time.
  }
}

/** What this browser kept, where that can still be read. */
function keptInstallation(): Installation | null {
  try {
    const found = JSON.parse(localStorage.getItem(KEPT) ?? "null") as Installation | null;
    return found?.time_zone ? found : null;
  } catch {
    return null;
  }
}

/** The installation's own name. */
export const houseName = (language: "zh" | "en"): string =>
  language === "zh" ? installed().name_zh : installed().name_en;

const locale = (language: "zh" | "en"): string => (language === "zh" ? "zh-CN" : "en");

/** With the decimals that the server counts by: a browser's own tables differ (PKR, by their age). */
function money(language: "zh" | "en"): Intl.NumberFormat {
  const { currency, minor_digits: digits } = installed();
  const decimals = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(locale(language), { style: "currency", currency, ...decimals });
}

/** An amount as people read it; amounts are whole numbers of the currency's smallest unit (`..._fen`). */
export function moneyText(minor: number, language: "zh" | "en"): string {
  return money(language).format(minor / 10 ** installed().minor_digits);
}

/** The currency's sign, for a label. */
export function currencySign(language: "zh" | "en"): string {
  return money(language)
    .formatToParts(0)
    .find((one) => one.type === "currency")!.value;
}

/** What somebody typed, in the currency's smallest unit. */
export const minorOf = (typed: string): number => Math.round(Number(typed) * 10 ** installed().minor_digits);

const MM_PER_INCH = 25.4;
const isInches = (): boolean => installed().length_unit === "in";

/** A diameter, kept in millimetres, as people here read it; without its unit, which the label names. */
export const diameterShown = (millimetres: number): string =>
  String(isInches() ? Math.round((millimetres / MM_PER_INCH) * 100) / 100 : millimetres);

/** What somebody typed of a diameter, in whole millimetres. */
export const diameterMm = (typed: string): number =>
  isInches() ? Math.round(Number(typed) * MM_PER_INCH) : Number(typed);

/** A label that names millimetres, with the unit that people here use. */
export function inOwnUnit(label: string): string {
  return isInches() ? label.replace("（毫米）", "（英寸）").replace("(mm)", "(in)") : label;
}

/** A zone's clock at a moment as milliseconds, as if it were UTC's. */
function wall(at: number): number {
  const shown = new Intl.DateTimeFormat("sv-SE", {
    timeZone: installed().time_zone,
    dateStyle: "short",
    timeStyle: "medium",
  }).format(at);
  return Date.parse(`${shown.replace(" ", "T")}Z`);
}

/**
 * A wall clock's reading in the city (`2026-12-01T09:00:00`) as a moment. Looked up twice: in between the
 * clocks may move. A reading that they leave out is an hour later, one that they show twice the first.
 */
export function cityMoment(reading: string): string {
  const read = Date.parse(`${reading}Z`);
  const [before, after] = [-DAY_MS, DAY_MS].map((ms) => wall(read + ms) - (read + ms)) as [number, number];
  const first = read - before;
  const isFirst = wall(first) === read;
  const second = read - after;
  return new Date(isFirst || wall(second) !== read ? first : second).toISOString();
}

const DAY_MS = 86_400_000;
