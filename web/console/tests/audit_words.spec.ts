/** Lines of the audit trail in words: every sort of thing, field and value; no id or code is shown. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";

import { makeI18n } from "@wangge/shared/i18n.ts";
import type { Language } from "@wangge/shared/vocabulary/words.ts";

import { labelOf, subjectWord, textOf } from "../src/audit.ts";
import { en } from "../src/en/index.ts";
import { units } from "../src/settings.ts";
import { zh } from "../src/zh/index.ts";

const UNIT = "0b9f1b1e-6a5d-4c4f-9a56-0d4b5a6c7d8e";
afterEach(() => {
  units.value = [];
});

function says(language: Language): (key: string) => string {
  localStorage.setItem("wangge.language", language);
  const { t } = makeI18n(zh, en).global as unknown as { t: (key: string) => string };
  return (key) => t(key);
}
const text = (language: Language, name: string, value: unknown, kind: string | null = null): string =>
  textOf(kind, name, value, language, says(language));

/** What acts are noted about, read from the server's own code. */
function subjects(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((one) => {
    const path = join(folder, one.name);
    if (one.isDirectory()) return one.name === "migrations" ? [] : subjects(path);
    if (!one.name.endsWith(".py")) return [];
    const noted = readFileSync(path, "utf-8").matchAll(
      /note_(?:act|at_shell)\(\s*session,[^()]*\(\s*"(\w+)",/g,
    );
    return [...noted].map((found) => found[1]!);
  });
}

describe("a line of the trail", () => {
  it("has a word for everything that acts are noted about, in both languages", () => {
    const all = new Set(subjects(join(import.meta.dirname, "../../../backend")));
    expect(all.size).toBeGreaterThan(10);
    for (const language of ["zh", "en"] as const)
      for (const one of all) {
        const word = subjectWord(one, language, says(language));
        expect(word, one).not.toMatch(/audit\.|_/);
        if (language === "zh") expect(word, one).toMatch(/[\u4e00-\u9fff]/);
      }
  });

  it("says what a field is called, also where nobody named it", () => {
    expect(labelOf("customer", "name", "zh", says("zh"))).toBe("户名");
    expect(labelOf(null, "retention", "zh", says("zh"))).toBe("保存天数");
    expect(labelOf("installation", "visit_days", "zh", says("zh"))).toBe("走访期限（天）");
    expect(labelOf(null, "some_new_field", "en", says("en"))).toBe("some new field");
  });

  it("says what should have followed, and not how the program calls it", () => {
    expect(text("zh", "fact", "visit.called_back")).toBe("回访结果已记下，但走访没有重新核对");
    expect(text("en", "fact", "anything.unheard_of")).not.toContain(".unheard");
  });

  it.each([
    ["retention", { position_days: 60, import_days: 30 }, "位置 60、导入内容 30"],
    ["retention", {}, "—"],
    ["forms", ["csv", "photos"], "表格（CSV）、照片"],
    ["kinds", ["unit", "staff"], "单位、员工"],
    ["kinds", null, "—"],
    ["roles", ["admin", "auditor"], "系统管理员、审计员"],
    ["channel", "sms", "短信"],
    ["encrypted", true, "✓"],
    ["cells", 12, "12"],
    ["reason", "安全审查", "安全审查"],
    ["device_id", "3f0c6c52-52a9-4e62-9c3f-0d4b5a6c7d8e", "3f0c6c52"],
  ])("says %s %o", (name, value, words) => {
    expect(text("zh", name, value)).toBe(words);
  });

  it("names a unit, a moment and a choice as people do", () => {
    expect(text("zh", "unit_id", UNIT)).toBe(UNIT.slice(0, 8));
    units.value = [{ id: UNIT, name: "城东营业所" }];
    expect(text("zh", "unit_id", UNIT)).toBe("城东营业所");
    expect(text("en", "until", "2026-12-01T03:00:00Z")).not.toMatch(/T|Z/);
    expect(text("zh", "level", "branch", "unit")).not.toBe("branch");
  });
});
