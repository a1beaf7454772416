/**
 * For everybody: who is responsible for my address. No account, no cookies, nothing but a name, a picture, a
 * phone and hours.
 */
import { createApp } from "vue";

import { makeI18n } from "@wangge/shared/i18n.ts";
import { startInstallation } from "@wangge/shared/installation.ts";

import "./public.css";
import { en } from "./en/index.ts";
import Who from "./views/Who.vue";
import { zh } from "./zh/index.ts";

void startInstallation();
createApp(Who).use(makeI18n(zh, en)).mount("#app");
