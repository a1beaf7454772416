/** A chosen file made small with its lines burnt in; what a browser cannot draw; and the board to sign on. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { NotUsable, prepared } from "../ui/pictures.ts";
import { SignatureBoard } from "../ui/signature.ts";

interface Drawn {
  width: number;
  height: number;
  lines: string[];
  filled: string[];
}
let drawn: Drawn;
let bitmap: { width: number; height: number; close: () => void } | Error;
let jpeg: string | null | Error;
let isClosed: boolean;

beforeEach(() => {
  drawn = { width: 0, height: 0, lines: [], filled: [] };
  isClosed = false;
  bitmap = { width: 4000, height: 3000, close: () => (isClosed = true) };
  jpeg = "small";
  vi.stubGlobal("createImageBitmap", () =>
    bitmap instanceof Error ? Promise.reject(bitmap) : Promise.resolve(bitmap),
  );
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockImplementation(function (this: HTMLCanvasElement) {
    const pen = {
      canvas: this,
      fillStyle: "",
      scale: () => undefined,
      clearRect: () => undefined,
      drawImage: (_: unknown, _x: number, _y: number, width: number, height: number) =>
        Object.assign(drawn, { width, height }),
      fillRect: () => drawn.filled.push(pen.fillStyle),
      fillText: (text: string) => drawn.lines.push(text),
    };
    return pen as never;
  } as never);
  vi.spyOn(HTMLCanvasElement.prototype, "toBlob").mockImplementation((done) => {
    if (jpeg instanceof Error) throw jpeg;
    done(jpeg === null ? null : new Blob([jpeg]));
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const JPEG = [0xff, 0xd8, 0xff, 0xd9];
const file = (...start: number[]): Blob => new Blob([new Uint8Array(start), "the rest"]);
const textOf = (data: ArrayBuffer): string => new TextDecoder().decode(data);
const codeOf = (error: unknown): string => (error instanceof NotUsable ? error.code : String(error));
const nothing = (): string[] => [];

describe("a picture made small", () => {
  it("is at most 1600 pixels long, a JPEG, and gives its memory back", async () => {
    const made = await prepared(file(...JPEG), nothing);
    expect([drawn.width, drawn.height]).toEqual([1600, 1200]);
    expect([textOf(made.data), made.mediaType, made.takenAt]).toEqual(["small", "image/jpeg", null]);
    expect(isClosed).toBe(true);
  });

  it("is never made larger, and never less than a pixel", async () => {
    bitmap = { width: 640, height: 480, close: () => undefined };
    await prepared(file(...JPEG), nothing);
    expect([drawn.width, drawn.height]).toEqual([640, 480]);
    bitmap = { width: 9000, height: 1, close: () => undefined };
    await prepared(file(...JPEG), nothing);
    expect([drawn.width, drawn.height]).toEqual([1600, 1]);
  });

  it("lies on white, with its lines at its foot", async () => {
    await prepared(file(...JPEG), (when) => [`at ${when || "no time"}`, "王小一"]);
    expect(drawn.lines).toEqual(["at no time", "王小一"]);
    expect(drawn.filled[0]).toBe("#fff");
    expect(drawn.filled).toHaveLength(2);
  });

  it("has no bar where there are no lines", async () => {
    await prepared(file(...JPEG), nothing);
    expect(drawn.filled).toEqual(["#fff"]);
  });
});

describe("what a browser cannot draw", () => {
  const heic = [0, 0, 0, 24, ...[..."ftypheic"].map((one) => one.charCodeAt(0))];

  it("goes as it is where the server can read it", async () => {
    bitmap = new DOMException("what is this?", "InvalidStateError");
    const made = await prepared(file(...heic), nothing);
    expect([made.mediaType, made.data.byteLength]).toEqual(["image/heic", heic.length + 8]);
  });

  it.each([
    ["has no memory for", new Error("out of memory")],
    ["makes nothing of", null],
    ["makes an empty file of", ""],
  ])("or %s goes as it is", async (_, result) => {
    jpeg = result;
    const made = await prepared(file(...JPEG), nothing);
    expect([made.mediaType, made.data.byteLength]).toEqual(["image/jpeg", JPEG.length + 8]);
  });

  it("and nobody else can read is said", async () => {
    bitmap = new DOMException("broken", "InvalidStateError");
    expect(await prepared(file(...JPEG), nothing).catch(codeOf)).toBe("photo_broken");
    expect(await prepared(new Blob(["a text"]), nothing).catch(codeOf)).toBe("photo_broken");
  });

  it("because it is empty or gone is said", async () => {
    expect(await prepared(new Blob([]), nothing).catch(codeOf)).toBe("empty_file");
    const gone = new Blob(["x"]);
    vi.spyOn(gone, "arrayBuffer").mockRejectedValue(new DOMException("gone", "NotFoundError"));
    expect(await prepared(gone, nothing).catch(codeOf)).toBe("photo_gone");
  });
});

describe("the board to sign on", () => {
  function board(ratio = 2): { canvas: HTMLCanvasElement; board: SignatureBoard } {
    vi.stubGlobal("devicePixelRatio", ratio);
    const canvas = document.createElement("canvas");
    Object.defineProperty(canvas, "offsetWidth", { value: 300 });
    Object.defineProperty(canvas, "offsetHeight", { value: 150 });
    return { canvas, board: new SignatureBoard(canvas) };
  }

  it("is as fine as the screen", () => {
    expect([board(2).canvas.width, board(2).canvas.height]).toEqual([600, 300]);
    expect(board(0.5).canvas.width).toBe(300);
  });

  it("has no strokes before somebody writes", () => {
    expect(board().board.strokes()).toBeNull();
  });
});
