/** What the console says, in English: one file a topic, one message a line, the same keys in `zh/`. */
import { board } from "./board.ts";
import { customers } from "./customers.ts";
import { frame } from "./frame.ts";
import { ground } from "./ground.ts";
import { inbox } from "./inbox.ts";
import { links } from "./links.ts";
import { people } from "./people.ts";
import { plan } from "./plan.ts";

export const en = { ...board, ...customers, ...frame, ...ground, ...inbox, ...links, ...people, ...plan };
