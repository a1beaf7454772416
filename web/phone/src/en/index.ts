/** What the phone says, in English: one file a topic, one message a line, the same keys in `zh/`. */
import { gathered } from "@wangge/shared/i18n.ts";

export const en = gathered(import.meta.glob(["./*.ts", "!./index.ts"], { eager: true }));
