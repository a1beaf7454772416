/** Both languages of both apps say the same with the same values, and vue-i18n can read every message. */
import { describe, expect, it } from "vitest";
import { createI18n } from "vue-i18n";

import { en as consoleEn } from "../../console/src/en/index.ts";
import { zh as consoleZh } from "../../console/src/zh/index.ts";
import { en as phoneEn } from "../../phone/src/en/index.ts";
import { zh as phoneZh } from "../../phone/src/zh/index.ts";
import { keepLanguage, startLanguage } from "../i18n.ts";

type Messages = Record<string, Record<string, string>>;

type Say = (key: string, values: Record<string, string>) => string;
// Its own type is one too deep to be computed for all these keys.
const make = createI18n as unknown as (options: object) => { global: { t: Say } };

const flat = (messages: Messages): [string, string][] =>
  Object.entries(messages).flatMap(([group, all]) =>
    Object.entries(all).map(([key, text]): [string, string] => [`${group}.${key}`, text]),
  );
const valuesOf = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort();

describe.each([
  ["console", consoleZh, consoleEn],
  ["phone", phoneZh, phoneEn],
] as [string, Messages, Messages][])("the words of the %s", (_, zh, en) => {
  const english = new Map(flat(en));

  it("take the same values in both languages", () => {
    const different = flat(zh).filter(
      ([key, text]) => `${valuesOf(text)}` !== `${valuesOf(english.get(key)!)}`,
    );
    expect(different).toEqual([]);
  });

  it.each([
    ["zh", zh],
    ["en", en],
  ])("are read by vue-i18n as they stand in %s", (locale, messages) => {
    const say = make({ legacy: false, locale, messages: { [locale]: messages } }).global.t;
    for (const [key, text] of flat(messages)) {
      const values = Object.fromEntries(valuesOf(text).map((one) => [one.slice(1, -1), `<${one}>`]));
      const shown = text.replace(/\{\w+\}/g, (one) => `<${one}>`);
      expect(say(key, values)).toBe(shown);
    }
  });
});

describe("the language at the start", () => {
  it("is the one that was chosen, else the browser's, else Chinese", () => {
    expect(startLanguage()).toBe(navigator.language.startsWith("en") ? "en" : "zh");
    keepLanguage("zh");
    expect([startLanguage(), document.documentElement.lang]).toEqual(["zh", "zh-CN"]);
    keepLanguage("en");
    expect([startLanguage(), document.documentElement.lang]).toEqual(["en", "en"]);
    localStorage.setItem("wangge.language", "fr");
    expect(["zh", "en"]).toContain(startLanguage());
  });
});
