/** Unit tests of what carries logic in the pages: `*.spec.ts` in each folder's `tests/`; `npm run unit`. */
import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vitest/config";

export default defineConfig({
  // An address such as /icon.svg stays one: a test loads no pictures.
  plugins: [vue({ template: { transformAssetUrls: false } })],
  define: { __APP_VERSION__: '"test"' },
  test: {
    include: ["{shared,phone,console}/tests/**/*.spec.ts"],
    environment: "happy-dom",
    setupFiles: ["shared/tests/setup.ts"],
    // One world a worker, a third of the time; what a test needs of it, it sets itself.
    isolate: false,
    // What one put in the place of the browser's is the browser's again for the next, whatever its file.
    unstubGlobals: true,
    // Nothing here waits for anything; a machine that is busy with other things must not fail it.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Far from the city on purpose: every time on a page is the city's.
    env: { TZ: "America/New_York" },
  },
});
