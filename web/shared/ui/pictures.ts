/** Pictures small enough for a street corner: shrunk, with time, place and person burnt in. */
import { mediaTypeOf, type Taken, takenOf } from "../sync/pictures.ts";

const LONGEST = 1600;
const QUALITY = 0.8;

/** What formats a browser may not know although the server does. */
const PERHAPS = ["image/heic", "image/avif", "image/tiff"];

/** This file is no picture that can be kept; `code` says why. */
export class NotUsable extends Error {
  readonly code: "photo_gone" | "empty_file" | "photo_broken";

  constructor(code: NotUsable["code"]) {
    super(code);
    this.code = code;
  }
}

export interface Prepared {
  data: ArrayBuffer;
  mediaType: string;
  /** By the picture itself (UTC), or null: nothing else tells when it was taken. */
  takenAt: string | null;
}

/**
 * A chosen file made small, with lines at its foot: `lines` gets the picture's own time, or "". Throws
 * NotUsable.
 */
export async function prepared(file: Blob, lines: (when: string) => string[]): Promise<Prepared> {
  const raw = await file.arrayBuffer().catch(() => {
    throw new NotUsable("photo_gone");
  });
  if (!raw.byteLength) throw new NotUsable("empty_file");
  const [mediaType, taken] = [mediaTypeOf(raw), takenOf(raw)];
  const asItIs = { data: raw, mediaType, takenAt: taken.at };
  const source = new Blob([raw], { type: mediaType });
  const bitmap = await createImageBitmap(source, { imageOrientation: "from-image" }).catch(() => null);
  if (!bitmap && !PERHAPS.includes(mediaType)) throw new NotUsable("photo_broken");
  // What this browser cannot draw, or has no memory for, goes as it is: the server reads it by its content.
  const data = bitmap && (await drawn(bitmap, lines(whenText(taken))).catch(() => null));
  return data?.byteLength ? { data, mediaType: "image/jpeg", takenAt: taken.at } : asItIs;
}

/** By the camera's own clock; where it told none, this phone's reading of the satellite's time. */
function whenText({ at, local }: Taken): string {
  if (local || !at) return local?.slice(0, 16) ?? "";
  const here = new Date(Date.parse(at) - new Date(at).getTimezoneOffset() * 60_000);
  return here.toISOString().slice(0, 16).replace("T", " ");
}

/** A JPEG of at most 1600 pixels with these lines at its foot; upright, as the browser shows it. */
async function drawn(bitmap: ImageBitmap, lines: string[]): Promise<ArrayBuffer> {
  const scale = Math.min(1, LONGEST / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(Math.round(bitmap.width * scale), 1);
  canvas.height = Math.max(Math.round(bitmap.height * scale), 1);
  const pen = canvas.getContext("2d")!;
  // What is transparent lies on white: a JPEG would make it black.
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  if (lines.length) watermark(pen, lines);
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
  if (!blob) throw new Error("the picture could not be made");
  return blob.arrayBuffer();
}

function watermark(pen: CanvasRenderingContext2D, lines: string[]): void {
  const size = Math.max(Math.round(pen.canvas.width / 36), 14);
  const height = lines.length * size * 1.35 + size * 0.6;
  pen.fillStyle = "rgb(0 0 0 / 55%)";
  pen.fillRect(0, pen.canvas.height - height, pen.canvas.width, height);
  pen.fillStyle = "#fff";
  pen.font = `${size}px sans-serif`;
  pen.textBaseline = "top";
  lines.forEach((line, n) =>
    pen.fillText(line, size * 0.5, pen.canvas.height - height + size * 0.4 + n * size * 1.35),
  );
}
