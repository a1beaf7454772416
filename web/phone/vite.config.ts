import { join } from "node:path";
import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

import { compressed, ownFonts, precached } from "../shared/ui/build.ts";

const home = process.env["WANGGE_HOME"] ?? join(import.meta.dirname, "../../.wangge");
const folder = join(home, "web/phone");

export default defineConfig({
  root: import.meta.dirname,
  base: "/m/",
  define: {
    __APP_VERSION__: JSON.stringify("1.0"),
    __VUE_I18N_LEGACY_API__: "false",
    __INTLIFY_JIT_COMPILATION__: "true",
  },
  build: { outDir: folder, emptyOutDir: true, target: "es2022", chunkSizeWarningLimit: 1200 },
  plugins: [vue(), ownFonts(), precached(folder, "/m/"), compressed(folder)],
});
