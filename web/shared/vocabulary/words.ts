/** Words for what the server knows: kinds, fields, choices, steps and errors, from the contract itself. */
import phoneErrors from "../../../mobile_api_spec/phone_errors.json" with { type: "json" };
import words from "../../../mobile_api_spec/vocabulary.json" with { type: "json" };
import type { components } from "../api/schema.d.ts";
import { diameterShown, inOwnUnit, installed, moneyText } from "../installation.ts";

export type Language = "zh" | "en";

interface Label {
  zh: string;
  en: string;
}

export interface Action {
  name: string;
  label: Label;
  from: string[];
  to: string;
  by: string[];
  needs: string[];
  /** Steps whose authors may not take this one: who did the work does not confirm it. */
  not_by: string[];
}

interface FieldWords extends Label {
  choices?: Record<string, Label>;
  /** Codes inside a nested document, by its own field. */
  inside?: Record<string, Record<string, Label>>;
}

interface KindWords extends Label {
  segment: string;
  fields: Record<string, FieldWords>;
  actions: Action[];
}

const KINDS = words.kinds as unknown as Record<string, KindWords>;
type ErrorWords = Record<string, { zh: string; en: string; remedy_zh: string; remedy_en: string }>;
/** What the server says, and what a phone finds by itself. */
const ERRORS: ErrorWords = { ...(phoneErrors as ErrorWords), ...(words.errors as ErrorWords) };

export function kindWord(kind: string, language: Language): string {
  return KINDS[kind]?.[language] ?? kind;
}

/** Every kind of record that the server has. */
export const kindNames = (): string[] => Object.keys(KINDS);

/** The fields of a kind that a person is shown. */
export function fieldNames(kind: string): string[] {
  return Object.keys(KINDS[kind]?.fields ?? {}).filter(isShown);
}

export function segmentOf(kind: string): string {
  return KINDS[kind]?.segment ?? kind;
}

export function fieldWord(kind: string, field: string, language: Language): string {
  return inOwnUnit(KINDS[kind]?.fields[field]?.[language] ?? field);
}

/** The codes of a field; posts are the installation's own. */
function labelsOf(kind: string, field: string): Record<string, Label> {
  const posts = kind === "staff" && field === "post" ? installed().posts : undefined;
  return posts
    ? Object.fromEntries(posts.map((one) => [one.code, one]))
    : (KINDS[kind]?.fields[field]?.choices ?? {});
}

export function choicesOf(
  kind: string,
  field: string,
  language: Language,
): { value: string; text: string }[] {
  return Object.entries(labelsOf(kind, field)).map(([value, label]) => ({ value, text: label[language] }));
}

export function choiceWord(kind: string, field: string, code: unknown, language: Language): string {
  if (Array.isArray(code)) return code.map((one) => choiceWord(kind, field, one, language)).join("、");
  return labelsOf(kind, field)[String(code)]?.[language] ?? (code == null ? "" : String(code));
}

/** The codes of a field inside a nested document. */
export function insideOf(
  kind: string,
  field: string,
  part: string,
  language: Language,
): { value: string; text: string }[] {
  const choices = KINDS[kind]?.fields[field]?.inside?.[part] ?? {};
  return Object.entries(choices).map(([value, label]) => ({ value, text: label[language] }));
}

export function actionsOf(kind: string): Action[] {
  return KINDS[kind]?.actions ?? [];
}

export function actionOf(kind: string, name: string): Action | undefined {
  return actionsOf(kind).find((one) => one.name === name);
}

/** Steps that somebody with these roles may take from this state. */
export function stepsFrom(kind: string, state: unknown, roles: string[]): Action[] {
  return actionsOf(kind).filter(
    (one) => one.from.includes(String(state)) && one.by.some((role) => roles.includes(role)),
  );
}

/** Whether somebody may take a step at all: whoever did the work that it confirms does not. */
export function isTheirsToConfirm(
  action: Action,
  record: Record<string, unknown> | undefined,
  person: string,
): boolean {
  return !action.not_by.length || !["done_by_id", "resolved_by_id"].some((name) => record?.[name] === person);
}

/**
 * A refusal as one text: what it is, which fields or rules, what to do, and how long to wait where there is a
 * wait.
 */
export function refusalWords(problem: { code: string; [more: string]: unknown }, language: Language): string {
  const words = errorWords(problem.code, language);
  const faults = ((problem["faults"] ?? []) as Record<string, string>[])
    .map((one) => one[language])
    .filter(Boolean)
    .join("；");
  const seconds = Number(problem["retry_after_s"] ?? 0);
  const wait = seconds && (language === "zh" ? `还要等 ${seconds} 秒` : `${seconds} s to wait`);
  return [words?.what ?? problem.code, faults, wait, words?.remedy]
    .filter(Boolean)
    .join(language === "zh" ? "。" : ". ");
}

export function errorWords(code: string, language: Language): { what: string; remedy: string } | null {
  const found = ERRORS[code];
  return found
    ? { what: found[language], remedy: language === "zh" ? found.remedy_zh : found.remedy_en }
    : null;
}

// Who took a step stands beside it; an id tells nobody anything.
const HIDDEN = new Set([
  "unit_id",
  "case_id",
  "pinyin",
  "cell_id",
  "crew_id",
  "bundle_id",
  "resolved_by_id",
  "done_by_id",
  "closed_by_id",
]);

/** One value of a record as a person reads it. */
export function valueText(kind: string, field: string, value: unknown, language: Language): string {
  if (value === null || value === undefined || value === "") return "—";
  if (typeof value === "boolean") return language === "zh" ? (value ? "是" : "否") : value ? "yes" : "no";
  if (typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value)) return timeText(value, language);
  if (typeof value === "object" && !Array.isArray(value)) return objectText(value as Record<string, unknown>);
  if (typeof value === "number" && field.endsWith("_fen")) return moneyText(value, language);
  if (typeof value === "number" && field.endsWith("_mm")) return diameterShown(value);
  if (field === "tellings") return (value as Telling[]).map((one) => tellingText(one, language)).join("；");
  if (field === "due_moves")
    return (value as DueMove[]).map((one) => dueMoveText(kind, one, language)).join("；");
  if (Array.isArray(value) && typeof value[0] === "object")
    return value.map((one) => objectText(one)).join("；");
  return choiceWord(kind, field, value, language);
}

export type Telling = components["schemas"]["Telling"];

/**
 * One telling of time and cost as a person reads it: how much, to whom, how, when, whether they agreed, and
 * why.
 */
export function tellingText(one: Telling, language: Language): string {
  const way =
    insideOf("work_order", "tellings", "way", language).find((found) => found.value === one.way)?.text ?? "";
  const [cost, when] = [moneyText(one.cost_fen, language), timeText(one.at, language)];
  const why = one.why ? (language === "zh" ? `（${one.why}）` : ` (${one.why})`) : "";
  if (language === "zh")
    return `${cost}、${one.minutes} 分钟，${when} ${way}告知${one.told_to}，${one.is_agreed ? "同意" : "不同意"}${why}`;
  const amount = `${cost}, ${one.minutes} min`;
  const said = one.is_agreed ? "agreed" : "did not agree";
  return `${amount}, told ${one.told_to} ${way.toLowerCase()} on ${when}: ${said}${why}`;
}

type DueMove = components["schemas"]["DueMove"];

/** One move of a due day: which, from what to what, why, and when it was moved. */
export function dueMoveText(kind: string, one: DueMove, language: Language): string {
  // With its year: a due day may be moved far.
  const [was, now] = [one.was ?? "", one.now].map((day) =>
    day.includes("T") ? fullTimeText(day, language) : day || "—",
  );
  const words = `${was} → ${now}`;
  const when = timeText(one.at, language);
  return language === "zh"
    ? `${fieldWord(kind, one.field, language)} ${words}，${one.why}（${when}）`
    : `${fieldWord(kind, one.field, language)} ${words}: ${one.why} (${when})`;
}

function objectText(value: Record<string, unknown>): string {
  if (value["type"] === "Point")
    return (value["coordinates"] as number[]).map((one) => one.toFixed(5)).join(", ");
  return Object.entries(value)
    .filter(([, one]) => one !== null && typeof one !== "object")
    .map(([name, one]) => (name.endsWith("_mm") ? diameterShown(Number(one)) : one))
    .join(" ");
}

export function isShown(field: string): boolean {
  return !HIDDEN.has(field);
}

export { cityMoment } from "../installation.ts";

/** The calendar day in the city, as YYYY-MM-DD. */
export function cityDay(at: number = Date.now()): string {
  return new Intl.DateTimeFormat("sv-SE", { timeZone: installed().time_zone }).format(at);
}

/** The hour of the day in the city, with its fraction. */
export function cityHour(at: number): number {
  const [hour, minute] = new Intl.DateTimeFormat("en-GB", {
    timeZone: installed().time_zone,
    hour: "2-digit",
    minute: "2-digit",
    hour12: false,
  })
    .format(at)
    .split(":");
  return (Number(hour) % 24) + Number(minute) / 60;
}

export function timeText(value: unknown, language: Language, withDay = true): string {
  if (!value) return "—";
  const day = withDay ? ({ month: "numeric", day: "numeric" } as const) : {};
  const how = {
    ...day,
    hour: "2-digit",
    minute: "2-digit",
    hour12: false,
    timeZone: installed().time_zone,
  } as const;
  return new Intl.DateTimeFormat(language === "zh" ? "zh-CN" : "en-GB", how).format(new Date(String(value)));
}

/** When the customer was promised somebody, as people read it; empty where nothing was promised. */
export function promiseText(job: Readonly<Record<string, unknown>>, language: Language): string {
  const [from, until] = [job["appointment_from"], job["appointment_until"]];
  if (!from && !until) return "";
  const isOneDay =
    Boolean(from && until) && cityDay(Date.parse(String(from))) === cityDay(Date.parse(String(until)));
  return `${from ? timeText(from, language) : ""}–${until ? timeText(until, language, !isOneDay) : ""}`;
}

/** Whether that has passed and nobody has been there. */
export function isPromiseMissed(job: Readonly<Record<string, unknown>>, now: number): boolean {
  const isWaiting = ["received", "waiting_papers", "dispatched", "accepted", "en_route"].includes(
    String(job["state"]),
  );
  return isWaiting && Boolean(job["appointment_until"]) && Date.parse(String(job["appointment_until"])) < now;
}

/** With its year: for papers and pages that are looked at long afterwards. */
export function fullTimeText(value: unknown, language: Language): string {
  const how = {
    dateStyle: "long",
    timeStyle: "short",
    hour12: false,
    timeZone: installed().time_zone,
  } as const;
  return value
    ? new Intl.DateTimeFormat(language === "zh" ? "zh-CN" : "en-GB", how).format(new Date(String(value)))
    : "—";
}

/** How long ago, or from now, in the roughest words that are true. */
export function sinceText(value: unknown, now: number, language: Language): string {
  if (!value) return "—";
  const minutes = Math.round((now - new Date(String(value)).getTime()) / 60_000);
  const size = Math.abs(minutes);
  const [count, unit] =
    size < 60
      ? ([size, "minute"] as const)
      : size < 2880
        ? ([Math.round(size / 60), "hour"] as const)
        : ([Math.round(size / 1440), "day"] as const);
  if (count === 0) return language === "zh" ? "刚刚" : "just now";
  const format = new Intl.RelativeTimeFormat(language === "zh" ? "zh-CN" : "en", {
    numeric: "always",
    style: "short",
  });
  return format.format(minutes > 0 ? -count : count, unit);
}
