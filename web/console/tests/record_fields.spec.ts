/** What a form asks of a record, from the contract's schemas, and where a fault of it is shown. */
import { describe, expect, it } from "vitest";

import { type EditableKind, emptyOf, fieldsOf, type FormField, placesOf } from "../src/record_fields.ts";

const KINDS: EditableKind[] = ["calendar", "crew", "matter", "on_call", "questionnaire", "staff"];
const named = (fields: FormField[], name: string): FormField => fields.find((one) => one.name === name)!;

describe("a form", () => {
  it.each(KINDS)("of %s asks what must be given first and long lists last", (kind) => {
    const fields = fieldsOf(kind);
    const ranks = fields.map((one) => (one.input === "rows" ? 2 : one.isRequired ? 0 : 1));
    expect(fields.length).toBeGreaterThan(2);
    expect(ranks).toEqual([...ranks].sort());
    expect(fields.map((one) => one.name)).not.toContain("version");
  });

  it("has the control that a value wants", () => {
    const staff = fieldsOf("staff");
    expect(named(staff, "is_active")?.input ?? named(staff, "name").input).toMatch(/switch|text/);
    expect(named(fieldsOf("crew"), "shift_start").input).toBe("clock");
    expect(named(fieldsOf("on_call"), "crew_id").input).toBe("crew");
    const rows = named(fieldsOf("questionnaire"), "rows");
    expect(rows.input).toBe("rows");
    expect(named(rows.rows, "type").choices).toContain("decimal");
    expect(named(rows.rows, "required").input).toBe("switch");
  });

  it("begins with what is required and nothing else", () => {
    const fields = fieldsOf("questionnaire");
    const begun = emptyOf(fields);
    expect(Object.keys(begun).sort()).toEqual(
      fields
        .filter((one) => one.isRequired)
        .map((one) => one.name)
        .sort(),
    );
    expect(begun["rows"]).toEqual([]);
  });
});

describe("a fault is shown", () => {
  const draft = { rows: [{ name: "leaks" }, { name: "litres" }, { name: "leaks" }], name: "x" };

  it.each([
    ["name", ["name"]],
    ["rows.1.type", ["rows.1.type"]],
    ["rows.litres", ["rows.1"]],
    ["rows.litres.choices.0", ["rows.1.choices.0"]],
    ["rows.leaks.type", ["rows.0.type", "rows.2.type"]],
    ["rows.nobody", ["rows.nobody"]],
    ["name.inner", ["name.inner"]],
  ])("%s at %j", (path, places) => {
    expect(placesOf(path, draft)).toEqual(places);
  });
});
