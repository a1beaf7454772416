/** What a line of the audit trail says, in words: whom it is about, fields, values; no id, no code. */
import { listed } from "@wangge/shared/i18n.ts";
import {
  choiceWord,
  fieldWord,
  fullTimeText,
  kindNames,
  kindWord,
  type Language,
} from "@wangge/shared/vocabulary/words.ts";

import { whatFailed } from "./facts.ts";
import { unitName } from "./settings.ts";

type Say = (key: string) => string;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;
/** A message, or nothing where there is none under its key, which comes back then. */
const found = (text: string): string | null => (/^\w+\.\w+$/.test(text) ? null : text);

/** The word of a value that is a code, by the field that has it. */
function codeWord(name: string, value: string, say: Say): string | null {
  if (name === "fact") return say(whatFailed({ fact: value }));
  if (name === "roles") return found(say(`role.${value}`));
  if (name === "forms") return found(say(`exports.form_${value}`));
  if (name === "channel" || name === "channels") return found(say(`messages.channel_${value}`));
  return name === "language" ? found(say(`setup.${value}`)) : null;
}

/** What a thing is called that is changed: a kind of record, or something beside them. */
export function subjectWord(kind: string, language: Language, say: Say): string {
  if (kindNames().includes(kind)) return kindWord(kind, language);
  return found(say(`audit.kind_${kind}`)) ?? kind.replaceAll("_", " ");
}

export function labelOf(kind: string | null, name: string, language: Language, say: Say): string {
  const known = kind && kindNames().includes(kind) ? fieldWord(kind, name, language) : name;
  if (known !== name) return known;
  const text = found(say(`audit.${name}`)) ?? found(say(`installation.${name}`));
  return text ?? name.replaceAll("_", " ");
}

function plainText(name: string, value: string, language: Language, say: Say): string {
  if (name === "kinds") return kindWord(value, language);
  const coded = codeWord(name, value, say);
  if (coded) return coded;
  if (UUID.test(value)) return unitName(value) === "—" ? value.slice(0, 8) : unitName(value);
  return MOMENT.test(value) ? fullTimeText(value, language) : value;
}

/** A value as people say it; of what is inside another the fields by their names. */
export function textOf(
  kind: string | null,
  name: string,
  value: unknown,
  language: Language,
  say: Say,
): string {
  if (value === null || value === undefined) return "—";
  if (typeof value === "boolean") return value ? "✓" : "✗";
  const inner = (of: string, one: unknown): string => textOf(kind, of, one, language, say);
  if (Array.isArray(value))
    return (
      listed(
        value.map((one) => inner(name, one)),
        language,
      ) || "—"
    );
  if (typeof value === "object")
    return (
      listed(
        Object.entries(value).map(([of, one]) => `${labelOf(kind, of, language, say)} ${inner(of, one)}`),
        language,
      ) || "—"
    );
  if (typeof value !== "string") return String(value);
  const isKnown = kind !== null && kindNames().includes(kind);
  const worded = isKnown ? choiceWord(kind, name, value, language) : value;
  return worded === value ? plainText(name, value, language, say) : worded;
}
