/**
 * A service sheet as a person reads it before signing: labels and values, nothing left out but its photos'
 * hashes.
 */
import type { Values } from "../sync/canonical.ts";
import { fieldWord, type Language, valueText } from "./words.ts";

export function sheetLines(sheet: Values, language: Language): [string, string][] {
  const lines = Object.entries(sheet).filter(([field]) => !["photos", "parts"].includes(field));
  const shown: [string, string][] = lines.map(([field, value]) => [
    // Money is shown with its currency, whatever unit the field's own label names.
    fieldWord("work_order", field, language)
      .replace(/[（(](货币最小单位|minor units)[）)]/, "")
      .trim(),
    valueText("work_order", field, value, language),
  ]);
  const parts = (sheet["parts"] ?? []) as Values[];
  return parts.length
    ? [
        ...shown,
        [
          fieldWord("work_order", "parts", language),
          parts.map((one) => `${one["name"]} × ${one["quantity"]}`).join("，"),
        ],
      ]
    : shown;
}
