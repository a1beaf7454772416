/** What the console says of records of any kind, in English. */
import type { records as zh } from "../zh/records.ts";

export const records: typeof zh = {
  records: {
    menu: "Records",
    title: "Records",
    kinds: "Kinds of records",
    none: "No records here that you may see",
    more: "One more page",
    history: "History",
  },
};
