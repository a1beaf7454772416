/** What a picture says of itself: its type by its content, and its time by the camera or the satellite. */
import { describe, expect, it } from "vitest";

import { mediaTypeOf, takenOf } from "../sync/pictures.ts";

const latin = (text: string): number[] => [...text].map((one) => one.charCodeAt(0));
const bytes = (...parts: (string | number[])[]): ArrayBuffer =>
  new Uint8Array(parts.flatMap((one) => (typeof one === "string" ? latin(one) : one))).buffer;

/** A tag of a TIFF: its number, its type (2 text, 4 long, 5 fraction) and its value's bytes. */
type Tag = [tag: number, type: number, count: number, value: number[]];
const four = (value: number, isLittle: boolean): number[] => {
  const all = [24, 16, 8, 0].map((by) => (value >>> by) & 255);
  return isLittle ? all.reverse() : all;
};
const two = (value: number, isLittle: boolean): number[] => {
  const all = [value >> 8, value & 255];
  return isLittle ? all.reverse() : all;
};
const text = (tag: number, value: string): Tag => [tag, 2, value.length + 1, [...latin(value), 0]];
const clock = (isLittle: boolean, ...parts: number[]): Tag => [
  7,
  5,
  3,
  parts.flatMap((one) => [...four(one, isLittle), ...four(1, isLittle)]),
];

interface Camera {
  first?: Tag[];
  camera?: Tag[];
  gps?: Tag[];
  isLittle?: boolean;
}

/** A TIFF as cameras write it into their pictures. */
function tiff({ first = [], camera = [], gps = [], isLittle = true }: Camera): number[] {
  const data: number[] = [];
  const size = (tags: number): number => 2 + 12 * tags + 4;
  const places = [8, 8 + size(first.length + 2)];
  places.push(places[1]! + size(camera.length));
  const dataAt = places[2]! + size(gps.length);
  const folder = (tags: Tag[]): number[] => [
    ...two(tags.length, isLittle),
    ...tags.flatMap(([tag, type, count, value]) => {
      const isShort = value.length <= 4;
      const stands = isShort ? [...value, 0, 0, 0].slice(0, 4) : four(dataAt + data.length, isLittle);
      if (!isShort) data.push(...value);
      return [...two(tag, isLittle), ...two(type, isLittle), ...four(count, isLittle), ...stands];
    }),
    ...four(0, isLittle),
  ];
  const pointers: Tag[] = [
    [0x8769, 4, 1, four(places[1]!, isLittle)],
    [0x8825, 4, 1, four(places[2]!, isLittle)],
  ];
  const folders = [folder([...first, ...pointers]), folder(camera), folder(gps)];
  const head = isLittle ? [...latin("II*\0"), ...four(8, true)] : [...latin("MM\0*"), ...four(8, false)];
  return [...head, ...folders.flat(), ...data];
}
function jpeg(of: Camera, ...behind: number[]): ArrayBuffer {
  const exif = [...latin("Exif\0\0"), ...tiff(of)];
  return bytes([0xff, 0xd8, 0xff, 0xe1], two(exif.length + 2, false), exif, behind, [0xff, 0xd9]);
}
const TAKEN = text(0x9003, "2026:12:01 09:05:30");

describe("a picture's type", () => {
  it.each([
    [bytes([0xff, 0xd8, 0xff, 0xe0]), "image/jpeg"],
    [bytes([0x89], "PNG\r\n", [0x1a], "\n"), "image/png"],
    [bytes("GIF89a"), "image/gif"],
    [bytes("BM1234"), "image/bmp"],
    [bytes("RIFF", [0, 0, 0, 0], "WEBPVP8 "), "image/webp"],
    [bytes("RIFF", [0, 0, 0, 0], "WAVE"), "application/octet-stream"],
    [bytes("II*\0"), "image/tiff"],
    [bytes([0, 0, 0, 24], "ftypheic", [0, 0, 0, 0], "mif1heic"), "image/heic"],
    [bytes([0, 0, 0, 24], "ftypmif1", [0, 0, 0, 0], "avifmif1"), "image/avif"],
    [bytes([0, 0, 0, 20], "ftypmp42", [0, 0, 0, 0], "isom"), "application/octet-stream"],
    [bytes("%PDF-1.7"), "application/octet-stream"],
    [bytes(""), "application/octet-stream"],
  ])("%# is told by its first bytes", (data, type) => {
    expect(mediaTypeOf(data)).toBe(type);
  });
});

describe("a picture's time", () => {
  it.each([true, false])("is the camera's with its zone, in either order of bytes (%s)", (isLittle) => {
    const camera = [TAKEN, text(0x9011, "+08:00")];
    expect(takenOf(jpeg({ camera, isLittle }))).toEqual({
      at: "2026-12-01T01:05:30Z",
      local: "2026-12-01 09:05:30",
    });
  });

  it("without a zone is shown, but is no moment", () => {
    expect(takenOf(jpeg({ camera: [TAKEN] }))).toEqual({ at: null, local: "2026-12-01 09:05:30" });
  });

  it("may carry its zone behind it", () => {
    expect(takenOf(jpeg({ camera: [text(0x9003, "2026:12:01 09:05:30+08:00")] })).at).toBe(
      "2026-12-01T01:05:30Z",
    );
  });

  it("takes the zone of its last change only where nothing was changed", () => {
    const camera = [TAKEN, text(0x9010, "+08:00")];
    const same = text(0x0132, "2026:12:01 09:05:30");
    expect(takenOf(jpeg({ first: [same], camera })).at).toBe("2026-12-01T01:05:30Z");
    expect(takenOf(jpeg({ first: [text(0x0132, "2026:12:02 10:00:00")], camera })).at).toBeNull();
  });

  it.each([true, false])("is the satellite's where the camera tells no zone (%s)", (isLittle) => {
    const gps = [clock(isLittle, 1, 5, 29), text(0x1d, "2026:12:01")];
    expect(takenOf(jpeg({ camera: [TAKEN], gps, isLittle })).at).toBe("2026-12-01T01:05:29Z");
    expect(takenOf(jpeg({ gps, isLittle }))).toEqual({ at: "2026-12-01T01:05:29Z", local: null });
  });

  it("is none where camera and satellite are more than a day's zones apart", () => {
    const gps = [clock(true, 1, 5, 29), text(0x1d, "2026:12:03")];
    expect(takenOf(jpeg({ camera: [TAKEN], gps })).at).toBeNull();
  });

  it.each([
    "2026:02:30 09:05:30",
    "2026:13:01 09:05:30",
    "2026:12:01 24:00:00",
    "0000:00:00 00:00:00",
    "1899:12:31 23:59:59",
    "yesterday",
    "",
  ])("of no day of the calendar is none: %j", (when) => {
    expect(takenOf(jpeg({ camera: [text(0x9003, when), text(0x9011, "+08:00")] }))).toEqual({
      at: null,
      local: null,
    });
  });

  it.each(["+16:00", "+08:60", "local", "8"])("with the zone %j is shown, but is no moment", (zone) => {
    expect(takenOf(jpeg({ camera: [TAKEN, text(0x9011, zone)] }))).toMatchObject({ at: null });
  });

  it("is not that of another picture behind its scan", () => {
    const plain = bytes([0xff, 0xd8, 0xff, 0xda, 0, 2], new Uint8Array(jpeg({ camera: [TAKEN] })) as never);
    expect(takenOf(plain)).toEqual({ at: null, local: null });
  });

  it("is found wherever a format keeps it", () => {
    const block = tiff({ camera: [TAKEN, text(0x9011, "Z")] });
    const at = "2026-12-01T09:05:30Z";
    expect(takenOf(bytes(block)).at).toBe(at);
    expect(takenOf(bytes([0x89], "PNG\r\n", [0x1a], "\n....eXIf", block)).at).toBe(at);
    expect(takenOf(bytes("RIFF....WEBPVP8X....EXIF", [0, 0, 0, 0], block)).at).toBe(at);
    expect(takenOf(bytes([0, 0, 0, 24], "ftypheic", [0, 0, 0, 0], "mif1heicExif\0\0", block)).at).toBe(at);
  });

  it("of a picture that is cut off, or whose tags point outside, is none and breaks nothing", () => {
    const whole = new Uint8Array(jpeg({ camera: [TAKEN, text(0x9011, "+08:00")] }));
    for (let length = 0; length < whole.length; length += 3)
      expect(takenOf(whole.slice(0, length).buffer).at ?? "none").toMatch(/^(none|2026-12-01T01:05:30Z)$/);
    const outside: Tag = [0x9003, 2, 4_000_000_000, [0, 0, 0, 0]];
    expect(takenOf(jpeg({ camera: [outside] }))).toEqual({ at: null, local: null });
  });

  it("of what is no picture is none", () => {
    for (const data of [bytes(""), bytes("text"), bytes("II*\0"), bytes([0xff, 0xd8, 0xff])])
      expect(takenOf(data)).toEqual({ at: null, local: null });
  });
});
