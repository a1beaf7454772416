// The app itself, kept on the phone so that it opens in a basement. It never keeps data: that is the store's
// work.
const VERSION = "app-__VERSION__";
const FILES = __PRECACHE__;

self.addEventListener("install", (event) =>
  event.waitUntil(caches.open(VERSION).then((cache) => cache.addAll(FILES))),
);

self.addEventListener("activate", (event) =>
  event.waitUntil(
    caches
      .keys()
      .then((names) =>
        Promise.all(names.filter((name) => name !== VERSION).map((name) => caches.delete(name))),
      )
      .then(() => self.clients.claim()),
  ),
);

// The person says when: never in the middle of a form.
self.addEventListener("message", (event) => event.data === "take over" && self.skipWaiting());

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin || !url.pathname.startsWith("/m/"))
    return;
  const wanted = event.request.mode === "navigate" ? "/m/" : event.request;
  event.respondWith(caches.match(wanted).then((found) => found ?? fetch(event.request)));
});
