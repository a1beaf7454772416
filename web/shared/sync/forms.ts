/**
 * A questionnaire's logic on the phone, so that a person hears of a missing answer at the door and not a day
 * later.
 *
 * Conditions are read as on the server (protocol, section 8); one that cannot be computed is not true.
 */
import type { Values } from "./canonical.ts";
import { holds } from "./expressions.ts";

export { holds } from "./expressions.ts";

export const SATISFACTION = [
  "very_satisfied",
  "satisfied",
  "neutral",
  "dissatisfied",
  "very_dissatisfied",
] as const;

export interface Question {
  type: string;
  name: string;
  required?: boolean;
  relevant?: string;
  constraint?: string;
  label_zh?: string;
  label_en?: string;
  choices?: unknown[];
  [more: string]: unknown;
}

/** As `blanks` in vectors/forms.json lists them; `trim` takes others. */
const BLANKS = /^[\p{White_Space}\ufeff]+|[\p{White_Space}\ufeff]+$/gu;
const NUMERAL = /^[+-]?([0-9]{1,60}(\.[0-9]{0,60})?|\.[0-9]{1,60})([eE][+-]?[0-9]{1,3})?$/;

/** Whether what was typed is a number, as far as digits go. */
export function isNumeral(typed: string): boolean {
  return NUMERAL.test(withoutBlanks(typed));
}

/**
 * The answer that somebody typed: a number where the question asks for one and the number is exactly what
 * stands there, else the text as it was typed; null for nothing.
 */
export function answerOf(row: Question, typed: string): string | number | null {
  if (row.type !== "integer" && row.type !== "decimal") return typed || null;
  const text = withoutBlanks(typed);
  if (!NUMERAL.test(text)) return text ? typed : null;
  const number = Number(text);
  if (!Number.isFinite(number) || digitsOf(text) !== digitsOf(String(number))) return typed;
  return number === 0 ? 0 : number;
}

function withoutBlanks(typed: string): string {
  return typed.normalize("NFKC").replace(BLANKS, "");
}

/** A number's digits without the zeros around them, and which power of ten the last one stands for. */
function digitsOf(text: string): string {
  const [, whole = "", part = "", power = "0"] =
    /^[+-]?([0-9]*)\.?([0-9]*)(?:e([+-]?[0-9]+))?$/i.exec(text) ?? [];
  const digits = `${whole}${part}`.replace(/^0+/, "");
  const kept = digits.replace(/0+$/, "");
  return kept && `${kept}e${Number(power) - part.length + digits.length - kept.length}`;
}

export type Fault = [question: string, code: "required" | "not_asked" | "constraint" | "not_a_choice"];

export function isAsked(row: Question, answers: Values): boolean {
  return !row.relevant || holds(row.relevant, answers);
}

export function faults(rows: Question[], answers: Values): Fault[] {
  return rows.flatMap((row) => {
    const code = faultOf(row, answers);
    return code ? [[row.name, code] satisfies Fault] : [];
  });
}

function faultOf(row: Question, answers: Values): Fault[1] | null {
  // A question may be called what every object has.
  const value = Object.hasOwn(answers, row.name) ? (answers[row.name] ?? null) : null;
  if (value === null) return row.required && row.type !== "note" && isAsked(row, answers) ? "required" : null;
  if (!isAsked(row, answers)) return "not_asked";
  if (row.constraint && !holds(row.constraint, answers, value)) return "constraint";
  return row.type === "satisfaction" && !SATISFACTION.includes(value as (typeof SATISFACTION)[number])
    ? "not_a_choice"
    : null;
}
