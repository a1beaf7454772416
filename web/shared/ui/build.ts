/**
 * What both builds share: assets compressed once, no address outside our own, and a list for the service
 * worker.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

import type { Plugin } from "vite";

const TEXT = /\.(m?js|css|html|json|svg|webmanifest)$/;

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => relative(folder, join(one.parentPath, one.name)));
}

/** `.gz` and `.br` beside each text asset: the server sends what the browser takes. */
export function compressed(folder: string): Plugin {
  return {
    name: "compressed",
    apply: "build",
    writeBundle: {
      sequential: true,
      handler() {
        for (const name of filesIn(folder).filter((one) => TEXT.test(one))) {
          const text = readFileSync(join(folder, name));
          writeFileSync(join(folder, `${name}.gz`), gzipSync(text, { level: 9 }));
          const best = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };
          writeFileSync(join(folder, `${name}.br`), brotliCompressSync(text, best));
        }
      },
    },
  };
}

/**
 * The kits' icon fonts come with an address of somebody else's server; the copy inside the file is enough.
 */
export function ownFonts(): Plugin {
  return {
    name: "own-fonts",
    enforce: "pre",
    transform(code, id) {
      if (!id.includes("vant") || !id.split("?")[0]!.endsWith(".css")) return null;
      return {
        code: code.replace(/,?url\((https?:)?\/\/[^)]*\)( ?format\(["'][^"']*["']\))?/g, ""),
        map: null,
      };
    },
  };
}

/** `sw.js` carries the names of everything the app is made of, and a version made of them. */
export function precached(folder: string, base: string): Plugin {
  return {
    name: "precached",
    apply: "build",
    writeBundle: {
      sequential: true,
      handler() {
        const names = filesIn(folder).filter((name) => !/\.(gz|br|map)$/.test(name) && name !== "sw.js");
        const list = JSON.stringify(names.map((name) => base + (name === "index.html" ? "" : name)));
        const path = join(folder, "sw.js");
        const version = String(
          names.reduce((sum, name) => (sum * 31 + hash(readFileSync(join(folder, name)))) >>> 0, 7),
        );
        writeFileSync(
          path,
          readFileSync(path, "utf-8").replace("__PRECACHE__", list).replace("__VERSION__", version),
        );
      },
    },
  };
}

function hash(data: Buffer): number {
  return data.reduce((sum, byte) => (sum * 33 + byte) >>> 0, 5381);
}
