/** The dispatcher's console. */
import "element-plus/dist/index.css";
import "./style.css";

import { createApp } from "vue";

import { makeI18n } from "@wangge/shared/i18n.ts";

import App from "./App.vue";
import { en } from "./en/index.ts";
import { followInstallation } from "./installation.ts";
import { router } from "./router.ts";
import { zh } from "./zh/index.ts";

followInstallation();
createApp(App).use(makeI18n(zh, en)).use(router).mount("#app");
