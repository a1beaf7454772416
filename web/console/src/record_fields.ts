/** What a form asks of a kind of record, read from the contract's own schema; nothing is listed twice. */
import calendar from "../../../mobile_api_spec/schemas/calendar.json" with { type: "json" };
import crew from "../../../mobile_api_spec/schemas/crew.json" with { type: "json" };
import customer from "../../../mobile_api_spec/schemas/customer.json" with { type: "json" };
import matter from "../../../mobile_api_spec/schemas/matter.json" with { type: "json" };
import onCall from "../../../mobile_api_spec/schemas/on_call.json" with { type: "json" };
import questionnaire from "../../../mobile_api_spec/schemas/questionnaire.json" with { type: "json" };
import servicePoint from "../../../mobile_api_spec/schemas/service_point.json" with { type: "json" };
import staff from "../../../mobile_api_spec/schemas/staff.json" with { type: "json" };
import unit from "../../../mobile_api_spec/schemas/unit.json" with { type: "json" };

export type EditableKind =
  | "calendar"
  | "crew"
  | "customer"
  | "matter"
  | "on_call"
  | "questionnaire"
  | "service_point"
  | "staff"
  | "unit";

interface Property {
  type?: string | string[];
  format?: string;
  pattern?: string;
  enum?: (string | null)[];
  items?: Property;
  maximum?: number;
  minimum?: number;
  maxLength?: number;
  $ref?: string;
  "x-policy"?: string;
  "x-references"?: string;
}

interface Schema {
  properties: Record<string, Property>;
  required?: string[];
  $defs?: Record<string, Schema>;
}

export type Input =
  | "text"
  | "long"
  | "number"
  | "switch"
  | "select"
  | "selects"
  | "day"
  | "person"
  | "people"
  | "crew"
  | "form"
  | "unit"
  | "cell"
  | "place"
  | "rows"
  | "clock";

export interface FormField {
  name: string;
  input: Input;
  isRequired: boolean;
  choices: string[];
  least: number | undefined;
  most: number | undefined;
  length: number | undefined;
  /** Of `rows`: what each row asks. */
  rows: FormField[];
}

const SCHEMAS = {
  calendar,
  crew,
  customer,
  matter,
  on_call: onCall,
  questionnaire,
  service_point: servicePoint,
  staff,
  unit,
} as unknown as Record<EditableKind, Schema>;
// Whose point it is stands on the page that it is made from.
const NOT_ASKED = new Set([
  ...["id", "kind", "version", "unit_id", "portrait_id", "start_place", "end_place"],
  ...["territory", "customer_id"],
]);
/** Which control asks for a record of another kind. */
const POINTS_AT: Record<string, Input> = {
  cell: "cell",
  crew: "crew",
  questionnaire: "form",
  staff: "person",
  unit: "unit",
};
const LONG = 300;

export function fieldsOf(kind: EditableKind): FormField[] {
  return asked(SCHEMAS[kind], SCHEMAS[kind].$defs ?? {});
}

function asked(schema: Schema, others: Record<string, Schema>): FormField[] {
  const names = Object.keys(schema.properties).filter(
    (name) => !NOT_ASKED.has(name) && schema.properties[name]!["x-policy"] !== "server",
  );
  const fields = names.map((name) => field(name, schema, others));
  // What must be given comes first, what it is called before that; long lists come last.
  return fields.sort(
    (a, b) =>
      Number(a.input === "rows") - Number(b.input === "rows") ||
      Number(b.isRequired) - Number(a.isRequired) ||
      rank(a.name) - rank(b.name),
  );
}

/** Names, then the kind, then days, then the words in Chinese and in English, then the rest. */
function rank(name: string): number {
  const found = [
    /^(code|name|number|address|staff_number|crew_id)$/,
    /^(type|post)$/,
    /^valid_/,
    /zh$/,
    /en$/,
  ].findIndex((one) => one.test(name));
  return found < 0 ? 5 : found;
}

function field(name: string, schema: Schema, others: Record<string, Schema>): FormField {
  const one = schema.properties[name]!;
  const row = one.items?.$ref ? others[one.items.$ref.split("/").at(-1)!] : undefined;
  const choices = (one.enum ?? one.items?.enum ?? []).filter((choice) => choice !== null);
  const isRequired = schema.required?.includes(name) ?? false;
  const limits = { least: one.minimum, most: one.maximum, length: one.maxLength };
  return {
    name,
    input: row ? "rows" : inputOf(one, choices.length > 0),
    isRequired,
    choices,
    ...limits,
    rows: row ? asked(row, others) : [],
  };
}

function inputOf(one: Property, hasChoices: boolean): Input {
  const types = [one.type ?? "string"].flat();
  if (types.includes("array")) return hasChoices ? "selects" : "people";
  if (hasChoices) return "select";
  if (types.includes("boolean")) return "switch";
  if (types.includes("integer") || types.includes("number")) return "number";
  if (one.format === "date") return "day";
  // The only texts with a pattern are times of day.
  if (one.pattern) return "clock";
  if (one.format === "uuid") return POINTS_AT[one["x-references"] ?? "staff"] ?? "person";
  if (one.$ref) return "place";
  return (one.maxLength ?? 0) > LONG ? "long" : "text";
}

/** What a new record begins with. */
export function emptyOf(fields: FormField[]): Record<string, unknown> {
  const begun = fields
    .filter((one) => one.isRequired)
    .map((one) => [
      one.name,
      ["rows", "people", "selects"].includes(one.input)
        ? []
        : one.input === "switch"
          ? true
          : one.input === "number"
            ? (one.least ?? 0)
            : "",
    ]);
  return Object.fromEntries(begun);
}

/**
 * Where a fault is shown: rows by their places, whichever way it names them (by place or by name); one named
 * twice at each.
 */
export function placesOf(path: string, draft: Record<string, unknown>): string[] {
  const [field, rest] = halves(path);
  const rows = draft[field];
  if (!rest || !Array.isArray(rows)) return [path];
  const named = rows.flatMap((row: Record<string, unknown>, n) => {
    const name = String(row["name"] ?? "");
    if (rest === name) return [`${field}.${n}`];
    return name && rest.startsWith(`${name}.`) ? [`${field}.${n}.${rest.slice(name.length + 1)}`] : [];
  });
  return named.length ? named : [path];
}

function halves(path: string): [string, string] {
  const at = path.indexOf(".");
  return at < 0 ? [path, ""] : [path.slice(0, at), path.slice(at + 1)];
}
