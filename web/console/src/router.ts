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
    { path: "/imports", component: () => import("./views/Imports.vue") },
    { path: "/messages", component: () => import("./views/Messages.vue") },
    { path: "/records", component: () => import("./views/Records.vue") },
    { path: "/checklist", component: () => import("./views/Checklist.vue") },
  ],
});

/** The pages that the menu offers, in the order above; each has its word there under `<page>.menu`. */
export const menu = router.options.routes
  .filter((one) => one.component)
  .map((one) => one.path.replace("/", ""));
