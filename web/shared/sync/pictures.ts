/**
 * What a picture says of itself: its media type by its first bytes, and when it was taken; nothing of it is
 * decoded.
 *
 * A photo's time is the picture's own or none: what the camera wrote with its zone, else the satellite's
 * time. When the file was last changed, when it was added and when it was sent tell nothing of it (as
 * mobile_api_spec/phone/pictures.py).
 */
const UNKNOWN = "application/octet-stream";
const BEGINNINGS: [string, string][] = [
  ["\u00ff\u00d8\u00ff", "image/jpeg"],
  ["\u0089PNG\r\n\u001a\n", "image/png"],
  ["GIF8", "image/gif"],
  ["BM", "image/bmp"],
  ["II*\0", "image/tiff"],
  ["MM\0*", "image/tiff"],
  ["II+\0", "image/tiff"],
  ["MM\0+", "image/tiff"],
];
const AVIF = new Set(["avif", "avis"]);
const HEIF = new Set(["heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs", "mif1", "msf1"]);
const SIZES: Record<number, number> = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1 };
const WHEN = /^(\d{4})[:/.-](\d\d)[:/.-](\d\d)[ T]+(\d\d):(\d\d):(\d\d)(?:[.,]\d+)?\s*(\S*)$/;
const DAY = /^(\d{4})[:/.-](\d\d)[:/.-](\d\d)$/;
const ZONE = /^([+-])(\d\d):?(\d\d)$/;
const HEADER = /II\*\0|MM\0\*/g;
const MOST_BLOCKS = 20;
const [FIRST_YEAR, LAST_YEAR] = [1900, 2999];
const MOST_SEARCHED = 32 * 1024 * 1024;
const MINUTE_MS = 60_000;
const [MOST_BEHIND_MS, MOST_AHEAD_MS] = [-735 * MINUTE_MS, 855 * MINUTE_MS];

type Tags = Map<number, DataView<ArrayBuffer>>;

/** `at`: the moment, UTC; `local`: the camera's own clock, for showing. Either may be unknown. */
export interface Taken {
  at: string | null;
  local: string | null;
}

function latin(data: ArrayBuffer, from: number, until: number): string {
  const bytes = new Uint8Array(
    data,
    Math.min(from, data.byteLength),
    Math.max(Math.min(until, data.byteLength) - from, 0),
  );
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192)
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return text;
}

/** A media type by content, never by name; octet-stream for what is no picture. */
export function mediaTypeOf(data: ArrayBuffer): string {
  const head = latin(data, 0, 1024);
  if (head.startsWith("RIFF") && head.slice(8, 12) === "WEBP") return "image/webp";
  if (head.slice(4, 8) === "ftyp") {
    const end = Math.min(new DataView(data).getUint32(0) || 1024, head.length);
    const brands = [head.slice(8, 12)];
    for (let at = 16; at < end - 3; at += 4) brands.push(head.slice(at, at + 4));
    return brands.some((one) => AVIF.has(one))
      ? "image/avif"
      : brands.some((one) => HEIF.has(one))
        ? "image/heic"
        : UNKNOWN;
  }
  return BEGINNINGS.find(([beginning]) => head.startsWith(beginning))?.[1] ?? UNKNOWN;
}

/** When a picture says it was taken; nothing where it does not, or contradicts itself. */
export function takenOf(data: ArrayBuffer): Taken {
  for (const tiff of exifOf(data)) {
    try {
      const found = momentIn(tiff);
      if (found.at || found.local) return found;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  return { at: null, local: null };
}

/** Blocks of what cameras write, wherever a format keeps them. */
function* exifOf(data: ArrayBuffer): Generator<DataView<ArrayBuffer>> {
  const head = latin(data, 0, 4);
  if (head === "II*\0" || head === "MM\0*") yield new DataView(data);
  else if (head.startsWith("\u00ff\u00d8\u00ff")) yield* jpegExif(data);
  else {
    const text = latin(data, 0, Math.min(data.byteLength, MOST_SEARCHED));
    // Somewhere among the boxes, behind "Exif" or not.
    if (text.slice(4, 8) === "ftyp")
      for (const one of [...text.matchAll(HEADER)].slice(0, MOST_BLOCKS)) yield new DataView(data, one.index);
    else
      for (const [mark, skipped] of [
        ["eXIf", 4],
        ["EXIF", 8],
        ["Exif\0\0", 6],
      ] as const) {
        const at = text.indexOf(mark);
        if (at >= 0 && at + skipped < data.byteLength) yield new DataView(data, at + skipped);
      }
  }
}

/** Of the first picture alone: what stands behind its scan belongs to another. */
function* jpegExif(data: ArrayBuffer): Generator<DataView<ArrayBuffer>> {
  const view = new DataView(data);
  for (let at = 2; at + 4 <= data.byteLength && view.getUint8(at) === 0xff;) {
    const marker = view.getUint8(at + 1);
    if (marker === 0xda || marker === 0xd9) return;
    const size = view.getUint16(at + 2);
    if (marker === 0xe1 && latin(data, at + 4, at + 10) === "Exif\0\0") {
      const end = Math.min(at + 2 + size, data.byteLength);
      if (end > at + 10) yield new DataView(data, at + 10, end - at - 10);
    }
    at += marker === 0xff ? 1 : 2 + Math.max(size, 2);
  }
}

function momentIn(tiff: DataView<ArrayBuffer>): Taken {
  const isLittle = { II: true, MM: false }[String.fromCharCode(tiff.getUint8(0), tiff.getUint8(1))];
  if (isLittle === undefined) throw new RangeError("no order");
  const first = tagsAt(tiff, isLittle, tiff.getUint32(4, isLittle));
  const [camera, gps] = [folder(tiff, isLittle, first, 0x8769), folder(tiff, isLittle, first, 0x8825)];
  const when = local(textOf(camera.get(0x9003)));
  let zone = textOf(camera.get(0x9011)) || when.zone;
  // Not changed since it was taken: what the zone is told of is the same moment.
  if (!zone && when.ms !== null && local(textOf(first.get(0x0132))).ms === when.ms)
    zone = textOf(camera.get(0x9010));
  const ms = zoned(when.ms, zone) ?? bySatellite(gps, isLittle, when.ms);
  const shown = when.ms === null ? null : new Date(when.ms).toISOString().slice(0, 19).replace("T", " ");
  return { at: ms === null ? null : new Date(ms).toISOString().replace(".000Z", "Z"), local: shown };
}

function folder(tiff: DataView<ArrayBuffer>, isLittle: boolean, tags: Tags, pointer: number): Tags {
  const at = tags.get(pointer);
  try {
    return at ? tagsAt(tiff, isLittle, at.getUint32(0, isLittle)) : new Map();
  } catch (error) {
    if (error instanceof RangeError) return new Map();
    throw error;
  }
}

/** Each tag's bytes; one that points outside is as if absent. */
function tagsAt(tiff: DataView<ArrayBuffer>, isLittle: boolean, at: number): Tags {
  const found: Tags = new Map();
  const count = tiff.getUint16(at, isLittle);
  for (let entry = at + 2; entry < at + 2 + 12 * count; entry += 12) {
    const size = (SIZES[tiff.getUint16(entry + 2, isLittle)] ?? 4) * tiff.getUint32(entry + 4, isLittle);
    const begin = size <= 4 ? entry + 8 : tiff.getUint32(entry + 8, isLittle);
    if (begin + size <= tiff.byteLength)
      found.set(tiff.getUint16(entry, isLittle), new DataView(tiff.buffer, tiff.byteOffset + begin, size));
  }
  return found;
}

function textOf(value: DataView<ArrayBuffer> | undefined): string {
  return value
    ? latin(value.buffer, value.byteOffset, value.byteOffset + value.byteLength)
        .replace(/[^ -~]/g, "")
        .trim()
    : "";
}

/** A camera's time as if it were UTC's, and the zone behind it; null for what is no day of the calendar. */
function local(text: string): { ms: number | null; zone: string } {
  const found = WHEN.exec(text);
  const ms = found ? daysMs(found.slice(1, 4), found.slice(4, 7)) : null;
  return ms === null ? { ms, zone: "" } : { ms, zone: found![7]! };
}

function daysMs(day: string[], clock: string[]): number | null {
  const [year, month, date] = day.map(Number) as [number, number, number];
  const [hours, minutes, seconds] = clock.map(Number) as [number, number, number];
  const ms = Date.UTC(year, month - 1, date, hours, minutes, seconds);
  const at = new Date(ms);
  const isReal =
    year >= FIRST_YEAR &&
    at.getUTCMonth() === month - 1 &&
    at.getUTCDate() === date &&
    hours < 24 &&
    minutes < 60 &&
    seconds < 60;
  return isReal ? ms : null;
}

function zoned(ms: number | null, zone: string): number | null {
  const found = ZONE.exec(zone === "Z" ? "+00:00" : zone);
  if (ms === null || !found || Number(found[2]) > 15 || Number(found[3]) > 59) return null;
  return kept(ms - (Number(found[2]) * 60 + Number(found[3])) * MINUTE_MS * (found[1] === "-" ? -1 : 1));
}

/** A moment of the years that records keep; any other is a camera's fault. */
function kept(ms: number): number | null {
  const year = new Date(ms).getUTCFullYear();
  return year >= FIRST_YEAR && year <= LAST_YEAR ? ms : null;
}

/** The time of the fix; null where camera and satellite contradict each other: one of them is wrong. */
function bySatellite(gps: Tags, isLittle: boolean, localMs: number | null): number | null {
  const [day, clock] = [DAY.exec(textOf(gps.get(0x1d))), gps.get(7)];
  if (!day || clock?.byteLength !== 24) return null;
  const [hours, minutes, seconds] = [0, 8, 16].map(
    (at) => clock.getUint32(at, isLittle) / clock.getUint32(at + 4, isLittle),
  ) as [number, number, number];
  const midnight = daysMs(day.slice(1, 4), ["0", "0", "0"]);
  const since = (hours * 3600 + minutes * 60 + Math.floor(seconds)) * 1000;
  if (midnight === null || !(since >= 0 && since < 86_400_000)) return null;
  const ms = midnight + Math.floor(since / 1000) * 1000;
  const isFar = localMs !== null && (localMs - ms < MOST_BEHIND_MS || localMs - ms > MOST_AHEAD_MS);
  return isFar ? null : kept(ms);
}
