/**
 * For a contractor's crew without accounts: one job by a link, from the first look to the customer's
 * signature.
 */
import { createApp } from "vue";

import { makeI18n } from "@wangge/shared/i18n.ts";
import { startInstallation } from "@wangge/shared/installation.ts";

import "./public.css";
import { en } from "./en/index.ts";
import Contractor from "./views/Contractor.vue";
import { zh } from "./zh/index.ts";

void startInstallation();
createApp(Contractor).use(makeI18n(zh, en)).mount("#app");
