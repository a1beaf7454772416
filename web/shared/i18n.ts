/** One way to speak two languages: messages by key, the choice kept on the device. */
import type { Ref } from "vue";
import { createI18n, useI18n } from "vue-i18n";

import type { Language } from "./vocabulary/words.ts";

const KEPT = "wangge.language";

export type Messages = Record<string, Record<string, string>>;

/** What the files of a folder say, in one: a new topic is a new file, listed nowhere. */
export function gathered(files: Record<string, unknown>): Messages {
  const topics = Object.values(files).flatMap((one) => Object.values(one as Record<string, Messages>));
  return Object.assign({}, ...topics) as Messages;
}

export function startLanguage(): Language {
  const kept = localStorage.getItem(KEPT);
  if (kept === "zh" || kept === "en") return kept;
  return navigator.language.startsWith("en") ? "en" : "zh";
}

export function makeI18n(zh: Messages, en: Messages) {
  const locale = startLanguage();
  document.documentElement.lang = locale === "zh" ? "zh-CN" : "en";
  return createI18n({
    legacy: false,
    locale,
    fallbackLocale: "zh",
    messages: { zh, en } as never,
    missingWarn: true,
  });
}

/** Words and the language they are in, for one component. */
export function useWords() {
  const { t, locale } = useI18n();
  const say = (key: string, values: Record<string, unknown> = {}): string => t(key, values);
  return { say, language: locale as unknown as Ref<Language> };
}

export function keepLanguage(language: Language): void {
  localStorage.setItem(KEPT, language);
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
}

/** Words one after the other, as the language sets them apart. */
export const listed = (words: readonly string[], language: Language): string =>
  words.join(language === "zh" ? "、" : ", ");
