/** What both builds do to their files: compressed copies, no foreign fonts, and the worker's list. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { compressed, ownFonts, precached } from "../ui/build.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "built-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}
const read = (name: string): string => readFileSync(join(folder, name), "utf-8");
function bundled(plugin: unknown): void {
  (plugin as { writeBundle: { handler: () => void } }).writeBundle.handler();
}

describe("compressed copies", () => {
  it("stand beside every text and hold the same", () => {
    write({ "index.html": "<p>网格</p>".repeat(50), "assets/app.js": "let a;", "assets/a.css": "p{}" });
    bundled(compressed(folder));
    for (const name of ["index.html", "assets/app.js", "assets/a.css"]) {
      expect(gunzipSync(readFileSync(join(folder, `${name}.gz`))).toString()).toBe(read(name));
      expect(brotliDecompressSync(readFileSync(join(folder, `${name}.br`))).toString()).toBe(read(name));
    }
  });

  it("are not made of pictures, nor of copies", () => {
    write({ "icon.png": "png", "old.js.gz": "gz" });
    bundled(compressed(folder));
    expect(() => read("icon.png.gz")).toThrow("ENOENT");
    expect(() => read("old.js.gz.gz")).toThrow("ENOENT");
  });
});

describe("the kit's fonts", () => {
  const transform = (code: string, id: string): { code: string } | null =>
    (ownFonts() as unknown as { transform: (code: string, id: string) => { code: string } | null }).transform(
      code,
      id,
    );

  it("lose the address of somebody else's server, and keep the copy inside", () => {
    const css =
      "@font-face{src:url(data:font/woff2;base64,AA) format('woff2')," +
      'url(//at.alicdn.com/t/font.woff?t=1) format("woff"),url(https://elsewhere/x.ttf)}';
    const { code } = transform(css, "/node_modules/vant/lib/index.css?inline")!;
    expect(code).toBe("@font-face{src:url(data:font/woff2;base64,AA) format('woff2')}");
  });

  it("of anybody else, and what is no style, stay as they are", () => {
    expect(transform("url(//x)", "/src/style.css")).toBeNull();
    expect(transform("url(//x)", "/node_modules/vant/lib/index.js")).toBeNull();
  });
});

describe("the worker's list", () => {
  const WORKER = 'const VERSION = "app-__VERSION__"; const FILES = __PRECACHE__;';
  const versionOf = (): string => /app-(\d+)/.exec(read("sw.js"))![1]!;

  it("names everything but itself, maps and compressed copies", () => {
    write({
      "index.html": "a",
      "assets/app.js": "b",
      "assets/app.js.map": "m",
      "a.js.gz": "g",
      "sw.js": WORKER,
    });
    bundled(precached(folder, "/m/"));
    const files = JSON.parse(/FILES = (.*);/.exec(read("sw.js"))![1]!) as string[];
    expect(files.sort()).toEqual(["/m/", "/m/assets/app.js"]);
  });

  it("has another version where any file is another, and the same where none is", () => {
    const versions = ["one", "two", "one"].map((text) => {
      write({ "index.html": text, "sw.js": WORKER });
      bundled(precached(folder, "/m/"));
      return versionOf();
    });
    expect(versions[0]).toBe(versions[2]);
    expect(versions[0]).not.toBe(versions[1]);
  });
});
