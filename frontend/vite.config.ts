import { defineConfig } from "vitest/config";

import { thirdParty } from "./licences/third-party.ts";
import { mockServer } from "./mock/plugin.ts";

// Only `--mode mock` answers /api from memory; otherwise the page talks to `cytally app` on its usual port.
export default defineConfig(({ mode }) => ({
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  plugins: mode === "mock" ? [mockServer()] : [thirdParty()],
  server: mode === "mock" ? {} : { proxy: { "/api": "http://127.0.0.1:8765" } },
  build: {
    outDir: "../src/cytally/app/static",
    emptyOutDir: true,
    sourcemap: false,
    target: "es2022",
    // Nothing is put into the page as a data: address or as a script of its own: the server's policy allows files alone.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  test: { include: ["test/**/*.test.ts"] },
}));
