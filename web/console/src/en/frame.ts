/** What the console says of what stands round every page, in English. */
import type { frame as zh } from "../zh/frame.ts";

export const frame: typeof zh = {
  app: {
    name: "Wangge · Dispatch",
    language: "中文",
    signOut: "Sign out",
    signIn: "Sign in",
    login: "Staff number or phone",
    password: "Password",
    live: "Live",
    polling: "Every 30 s",
    stale: "Out of date: {age}",
    ok: "OK",
    cancel: "Cancel",
    save: "Save",
    done: "Done",
    when: "When",
    who: "Who",
    noMap: "This computer cannot draw the map; the list and the timeline work.",
    notHere: "Representatives and crews: please use the phone app at /m/",
  },
  notices: {
    title: "Notices",
    none: "Nothing unread",
    all: "All read",
    urgent: "Urgent",
    several: "{count}, among them: {first}",
  },
};
