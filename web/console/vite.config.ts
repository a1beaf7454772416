import { join } from "node:path";
import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

import { compressed } from "../shared/ui/build.ts";

const home = process.env["WANGGE_HOME"] ?? join(import.meta.dirname, "../../.wangge");
const folder = join(home, "web/console");

export default defineConfig({
  root: import.meta.dirname,
  base: "/console/",
  define: { __VUE_I18N_LEGACY_API__: "false", __INTLIFY_JIT_COMPILATION__: "true" },
  build: {
    outDir: folder,
    emptyOutDir: true,
    target: "es2022",
    chunkSizeWarningLimit: 1200,
    rollupOptions: {
      input: Object.fromEntries(
        ["index", "who", "verify", "confirm", "contractor", "setup"].map((name) => [
          name,
          join(import.meta.dirname, `${name}.html`),
        ]),
      ),
    },
  },
  plugins: [vue(), compressed(folder)],
});
