/** What could not be kept on this phone, in words: whichever screen it happened on. */
import { storeTrouble } from "@wangge/shared/sync/store_trouble.ts";
import { type Language, refusalWords } from "@wangge/shared/vocabulary/words.ts";

export function notKeptWords(error: unknown, say: (key: string) => string, language: Language): string {
  const trouble = storeTrouble(error);
  if (trouble === "store_full") return say("app.full");
  return trouble ? refusalWords({ code: trouble }, language) : say("app.notKept");
}
