/**
 * For everybody: is this service sheet genuine and unchanged? Asked by a link from the office, or with the
 * sheet's file.
 */
import { createApp } from "vue";

import { makeI18n } from "@wangge/shared/i18n.ts";
import { startInstallation } from "@wangge/shared/installation.ts";

import "./public.css";
import { en } from "./en/index.ts";
import Verify from "./views/Verify.vue";
import { zh } from "./zh/index.ts";

void startInstallation();
createApp(Verify).use(makeI18n(zh, en)).mount("#app");
