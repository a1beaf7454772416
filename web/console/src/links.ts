/** Links that work without an account: shown once, to be copied and sent. */
import { ElMessage, ElMessageBox } from "element-plus";

import { fullTimeText, type Language } from "@wangge/shared/vocabulary/words.ts";

import { sentenceOf } from "./api.ts";

type Say = (key: string, values?: Record<string, unknown>) => string;

/** Ask the house for a link and show it with `title`; copied when the reader says so. */
export async function handOver(
  title: string,
  say: Say,
  language: Language,
  ask: () => Promise<{ url: string; until: string }>,
): Promise<void> {
  try {
    const { url, until } = await ask();
    const whole = new URL(url, location.origin).href;
    await ElMessageBox.alert(whole, say(title, { until: fullTimeText(until, language) }), {
      confirmButtonText: say("job.copy"),
    });
    await navigator.clipboard.writeText(whole);
    ElMessage.success(say("job.copied"));
  } catch (error) {
    if (error instanceof Error) ElMessage.error(sentenceOf(error, language));
  }
}
