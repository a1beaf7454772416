/** What the console says, in Chinese: one file a topic, one message a line, the same keys in `en/`. */
import { gathered } from "@wangge/shared/i18n.ts";

export const zh = gathered(import.meta.glob(["./*.ts", "!./index.ts"], { eager: true }));
