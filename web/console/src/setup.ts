/**
 * Setting up an empty installation, by the token that the server's terminal shows. It ends with the first
 * administrator's password.
 */
import { createApp } from "vue";

import { makeI18n } from "@wangge/shared/i18n.ts";

import "./public.css";
import { en } from "./en/index.ts";
import Setup from "./views/Setup.vue";
import { zh } from "./zh/index.ts";

createApp(Setup).use(makeI18n(zh, en)).mount("#app");
