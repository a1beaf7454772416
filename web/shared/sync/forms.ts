/** A questionnaire's logic on the phone, so that a person hears of a missing answer at the door and not a day later.
 *
 * Conditions are read as on the server (protocol, section 8); one that cannot be computed is not true.
 */
import type { Values } from "./canonical.ts";
import { holds } from "./expressions.ts";

export { holds } from "./expressions.ts";

export const SATISFACTION = ["very_satisfied", "satisfied", "neutral", "dissatisfied", "very_dissatisfied"] as const;

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
  const value = answers[row.name] ?? null;
  if (value === null) return row.required && row.type !== "note" && isAsked(row, answers) ? "required" : null;
  if (!isAsked(row, answers)) return "not_asked";
  if (row.constraint && !holds(row.constraint, answers, value)) return "constraint";
  return row.type === "satisfaction" && !SATISFACTION.includes(value as (typeof SATISFACTION)[number]) ? "not_a_choice" : null;
}
