/** The phone app: everything it needs is on the phone after the first visit. */
import "vant/lib/index.css";
import "./style.css";

import { showFailToast } from "vant";
import { createApp } from "vue";

import { makeI18n } from "@wangge/shared/i18n.ts";
import { startInstallation } from "@wangge/shared/installation.ts";
import type { Language } from "@wangge/shared/vocabulary/words.ts";

import App from "./App.vue";
import { en } from "./en/index.ts";
import { notKeptWords } from "./not_kept.ts";
import { router } from "./router.ts";
import { sync } from "./session.ts";
import { zh } from "./zh/index.ts";

void startInstallation();
const i18n = makeI18n(zh, en);
const { t: say, locale } = i18n.global as unknown as {
  t: (key: string) => string;
  locale: { value: Language };
};
const app = createApp(App).use(i18n).use(router);

/** What could not be kept is said, whichever screen it happened on. */
app.config.errorHandler = (error) => {
  showFailToast({ message: notKeptWords(error, say, locale.value), duration: 6000 });
  console.error(error);
};
app.mount("#app");

if ("serviceWorker" in navigator && !import.meta.env.DEV) void watchForUpdates();

/** A new version waits until the person says so. */
async function watchForUpdates(): Promise<void> {
  const registration = await navigator.serviceWorker.register("/m/sw.js", { scope: "/m/" });
  const look = (): void => {
    if (registration.waiting && navigator.serviceWorker.controller) sync.isUpdateReady = true;
  };
  look();
  registration.addEventListener("updatefound", () =>
    registration.installing?.addEventListener("statechange", look),
  );
  // The first worker takes the page over too; only a new version that was asked for reloads it.
  navigator.serviceWorker.addEventListener("controllerchange", () => sync.isUpdateReady && location.reload());
}
