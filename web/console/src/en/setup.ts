/** What the console says while an installation is set up, and of what it still lacks, in English. */
import type { setup as zh } from "../zh/setup.ts";

export const setup: typeof zh = {
  setup: {
    title: "Set up",
    about:
      "Open this page by the address on the server's terminal. All of it can be changed in the console later; " +
      "what is left out is as usual.",
    noToken:
      "The address has no token: copy the whole of it from the server's terminal, or run wangge setup --page " +
      "on the server.",
    isSetUp: "This installation has been set up.",
    toConsole: "Open the console",
    group: "The utility",
    name: "Name",
    nameEn: "Name in English (may stay empty)",
    hotline: "Hotline (may stay empty)",
    branches: "Branches, one a line (may stay empty)",
    place: "Where it is",
    language: "Language",
    zh: "Chinese",
    en: "English",
    timeZone: "Time zone",
    currency: "Currency",
    country: "Holidays of",
    none: "None yet, to be entered later",
    part: "Part",
    wholeCountry: "The whole country",
    posts: "Posts",
    postsAbout: "Take out what you do not have; more can be added later.",
    matters: "Begin with the usual matters",
    administrator: "The first administrator",
    number: "Staff number",
    person: "Name",
    phone: "Work phone (may stay empty)",
    send: "Set up",
    offline: "The server does not answer; try again",
    done: "It is set up",
    signInAs: "Administrator's staff number",
    password: "One-time password",
    once: "Shown this once. At the first sign-in it is changed for one of your own.",
    next: "Then open “First day” to see what is still missing.",
  },
  checklist: {
    menu: "First day",
    title: "Before the first phone",
    about: "What is missing, what that means, and where it is mended.",
    ready: "All is there: hand out the phones.",
    open: "{count} to be done",
    again: "Look again",
    of: "{missing} / {total}",
    days: "{days} days ago",
    never: "never",
    ok: "done",
    warn: "look at it",
    fail: "to do",
  },
};
