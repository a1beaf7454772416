/**
 * The console's pages; what is chosen and filtered stands in the address, so that it can be sent to a
 * colleague.
 */
import { createRouter, createWebHashHistory } from "vue-router";

import Board from "./views/Board.vue";

export const router = createRouter({
  history: createWebHashHistory("/"),
  routes: [
    { path: "/", redirect: "/board" },
    { path: "/board", component: Board },
    { path: "/plan", component: () => import("./views/DayPlan.vue") },
    { path: "/ground", component: () => import("./views/Ground.vue") },
    { path: "/inbox", component: () => import("./views/Inbox.vue") },
    { path: "/customers", component: () => import("./views/Customers.vue") },
    { path: "/visits", component: () => import("./views/Visits.vue") },
    { path: "/people", component: () => import("./views/People.vue") },
    { path: "/imports", component: () => import("./views/Imports.vue"), meta: { roles: ["admin"] } },
    { path: "/exports", component: () => import("./views/Exports.vue"), meta: { roles: ["admin"] } },
    {
      path: "/messages",
      component: () => import("./views/Messages.vue"),
      meta: { roles: ["admin", "hotline_agent"] },
    },
    { path: "/records", component: () => import("./views/Records.vue") },
    { path: "/checklist", component: () => import("./views/Checklist.vue"), meta: { roles: ["admin"] } },
  ],
});

const pages = router.options.routes.filter((one) => one.component);
const nameOf = (one: { path: string }): string => one.path.replace("/", "");

/** All pages, in the order above; each has its word in the menu under `<page>.menu`. */
export const menu = pages.map(nameOf);

/** Those that the server has something for in these roles: it refuses the others to whoever asks. */
export function menuOf(roles: readonly string[]): string[] {
  const mayOpen = (whose: unknown): boolean =>
    !Array.isArray(whose) || whose.some((one) => roles.includes(String(one)));
  return pages.filter((one) => mayOpen(one.meta?.["roles"])).map(nameOf);
}
