/** For a customer who was away: look at the service sheet, sign it or object, by a link that works once. */
import { createApp } from "vue";

import { makeI18n } from "@wangge/shared/i18n.ts";
import { startInstallation } from "@wangge/shared/installation.ts";

import "./public.css";
import { en } from "./en/index.ts";
import Confirm from "./views/Confirm.vue";
import { zh } from "./zh/index.ts";

void startInstallation();
createApp(Confirm).use(makeI18n(zh, en)).mount("#app");
