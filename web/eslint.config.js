/**
 * ESLint for the pages: Vue's and TypeScript's recommended rules; prettier alone decides how the code is laid
 * out.
 */
import js from "@eslint/js";
import prettier from "eslint-config-prettier";
import vue from "eslint-plugin-vue";
import { defineConfig, globalIgnores } from "eslint/config";
import globals from "globals";
import typescript from "typescript-eslint";

export default defineConfig(
  globalIgnores(["**/node_modules/", "shared/api/schema.d.ts"]),
  js.configs.recommended,
  typescript.configs.recommended,
  vue.configs["flat/recommended"],
  prettier,
  { languageOptions: { globals: { ...globals.browser, ...globals.node } } },
  {
    files: ["**/*.vue"],
    languageOptions: { parserOptions: { parser: typescript.parser } },
    // vue-tsc knows every name, types and build-time constants included, which ESLint does not.
    rules: { "no-undef": "off" },
  },
  {
    // The router shows them; none is ever written as an element, so none can clash with one of HTML.
    files: ["*/src/views/*.vue"],
    rules: { "vue/multi-word-component-names": "off" },
  },
  {
    rules: {
      "vue/no-undef-components": ["error", { ignorePatterns: ["RouterLink", "RouterView"] }],
      // `const { left, ...rest }` and `_` leave something out on purpose.
      "@typescript-eslint/no-unused-vars": ["error", { ignoreRestSiblings: true, varsIgnorePattern: "^_$" }],
    },
  },
  {
    // Conformance vectors and the simulator's orders are JSON of many shapes; each test names those that it
    // expects.
    files: ["shared/tests/**"],
    rules: { "@typescript-eslint/no-explicit-any": "off" },
  },
  {
    files: ["phone/public/sw.js"],
    languageOptions: { globals: { ...globals.serviceworker, __PRECACHE__: "readonly" } },
  },
);
