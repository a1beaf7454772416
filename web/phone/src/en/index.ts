/** What the phone says, in English: one file a topic, one message a line, the same keys in `zh/`. */
import { frame } from "./frame.ts";
import { job } from "./job.ts";
import { queue } from "./queue.ts";
import { visit } from "./visit.ts";

export const en = { ...frame, ...job, ...queue, ...visit };
