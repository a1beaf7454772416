/** What the phone says, in Chinese: one file a topic, one message a line, the same keys in `en/`. */
import { frame } from "./frame.ts";
import { job } from "./job.ts";
import { queue } from "./queue.ts";
import { visit } from "./visit.ts";

export const zh = { ...frame, ...job, ...queue, ...visit };
