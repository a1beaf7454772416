/** Pictures small enough for a street corner: shrunk, with time, place and person burnt in. */

const LONGEST = 1600;
const QUALITY = 0.8;

/** A JPEG of at most 1600 pixels with these lines at its foot; upright, as the browser shows it. */
export async function shrink(source: Blob | HTMLVideoElement, lines: string[]): Promise<ArrayBuffer> {
  const bitmap = await createImageBitmap(source, { imageOrientation: "from-image" });
  const scale = Math.min(1, LONGEST / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(bitmap.width * scale);
  canvas.height = Math.round(bitmap.height * scale);
  const pen = canvas.getContext("2d")!;
  pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  watermark(pen, lines);
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
  lines.forEach((line, n) => pen.fillText(line, size * 0.5, pen.canvas.height - height + size * 0.4 + n * size * 1.35));
}
