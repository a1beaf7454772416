/** The screens. Each is a file in views/; the map is fetched when it is first looked at. */
import { createRouter, createWebHistory } from "vue-router";

import type { Engine } from "@wangge/shared/sync/engine.ts";

import { engine } from "./session.ts";
import Customer from "./views/Customer.vue";
import Customers from "./views/Customers.vue";
import Item from "./views/Item.vue";
import Job from "./views/Job.vue";
import Me from "./views/Me.vue";
import Queue from "./views/Queue.vue";
import Survey from "./views/Survey.vue";
import Today from "./views/Today.vue";
import Visit from "./views/Visit.vue";

export const router = createRouter({
  history: createWebHistory("/m/"),
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
  routes: [
    { path: "/", component: Today, meta: { tab: "today" } },
    { path: "/map", component: () => import("./views/Map.vue"), meta: { tab: "map" } },
    { path: "/customers", component: Customers, meta: { tab: "customers" } },
    { path: "/customers/:id", component: Customer, props: true },
    { path: "/jobs/:id", component: Job, props: true },
    { path: "/visits/:id", component: Visit, props: true },
    { path: "/surveys/:id", component: Survey, props: true },
    { path: "/items/:id", component: Item, props: true },
    { path: "/queue", component: Queue, meta: { tab: "queue" } },
    { path: "/me", component: Me, meta: { tab: "me" } },
    // Shown by the frame, to whoever has the link: nobody is signed in yet.
    { path: "/invitation", component: Today },
    { path: "/:rest(.*)", redirect: "/" },
  ],
});

declare global {
  interface Window {
    /** For tests: to a screen without a tap, and the engine that the screens work on. */
    __wangge: { go: (path: string) => Promise<unknown>; engine: () => Engine | null };
  }
}
window.__wangge = { go: (path) => router.push(path), engine: () => engine.value };
