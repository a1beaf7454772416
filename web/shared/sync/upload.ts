/**
 * Photos' bytes by tus 1.0, in chunks, going on where the server says they stand (protocol, section 5).
 *
 * What is wrong with one stops no other. Wrong for good (empty, too large, gone, damaged): set aside, for the
 * person to try again or take out. What may pass waits for the next sync, behind those that have failed less
 * often.
 */
import type { Engine } from "./engine.ts";
import { sha256Hex } from "./ids.ts";
import { Offline, type Problem, Refused } from "./link.ts";
import type { PhotoRow } from "./store.ts";

const CHUNK_BYTES = 1024 * 1024;
/**
 * About the person or the day, not about one picture: asked for the next one the answer would be the same.
 */
const ABOUT_ALL = [401, 403, 429];
/** What the server says of the file itself; anything else may be another the next time. */
const FOR_GOOD = ["empty_file", "too_large", "invalid", "unsupported_media"];
const BEGIN_ANEW = [404, 410, 460];
const TUS = { "Tus-Resumable": "1.0.0" };

/** These bytes can never go as they are; `code` says why. */
class Unsendable extends Error {
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/** Send every waiting picture, smallest trouble first: one that cannot go does not stop the others. */
export async function uploadWaiting(engine: Engine): Promise<void> {
  for (const photo of engine.store.photosToSend()) {
    try {
      await uploadOne(engine, photo);
    } catch (error) {
      // Signing in again, or waiting, is for everything to come.
      if (error instanceof Refused && ABOUT_ALL.includes(error.status)) throw error;
      await engine.store.transaction(() =>
        engine.store.setPhoto(photo.id, afterTrouble(engine.store.photo(photo.id) ?? photo, error)),
      );
      if (!(error instanceof Refused || error instanceof Unsendable)) throw error;
    }
  }
}

function afterTrouble(photo: PhotoRow, error: unknown): Partial<PhotoRow> {
  const tries = (photo.tries ?? 0) + 1;
  const problem: Problem | null =
    error instanceof Refused ? error.problem : error instanceof Unsendable ? { code: error.code } : null;
  if (problem && (error instanceof Unsendable || FOR_GOOD.includes(problem.code)))
    return { tries, problem, isAside: true, upload: null, sent: 0 };
  const anew = error instanceof Refused && BEGIN_ANEW.includes(error.status) ? { upload: null, sent: 0 } : {};
  return { tries, ...(problem && { problem }), ...anew };
}

async function uploadOne(engine: Engine, photo: PhotoRow): Promise<void> {
  const bytes = await bytesOf(engine, photo);
  const path = photo.upload ?? (await begin(engine, photo));
  let at = (await engine.ask("HEAD", path, { headers: TUS })).headers;
  let offset = Number(at.get("Upload-Offset"));
  while (offset < bytes.byteLength) {
    const headers = {
      ...TUS,
      "Upload-Offset": String(offset),
      "Content-Type": "application/offset+octet-stream",
    };
    const chunk = bytes.slice(offset, offset + CHUNK_BYTES);
    at = (await engine.ask("PATCH", path, { headers, bytes: chunk })).headers;
    offset = Number(at.get("Upload-Offset"));
    await engine.store.transaction(() => engine.store.setPhoto(photo.id, { sent: offset }));
  }
  // All bytes sent is not yet kept for good: the server's store may be away. Only this header says so.
  const arrivedAt = at.get("Arrived-At");
  if (arrivedAt)
    await engine.store.transaction(() =>
      engine.store.setPhoto(photo.id, { isDone: true, arrivedAt, sent: offset, problem: null }),
    );
}

/**
 * What is on this phone, whole and as it was when it was kept; a store that is away altogether is another
 * matter.
 */
async function bytesOf(engine: Engine, photo: PhotoRow): Promise<ArrayBuffer> {
  const bytes = await engine.store.photoBytes(photo.id).catch(async (error: unknown) => {
    // Where anything else can still be read, it is this picture that cannot.
    await engine.store.rows.readLarge("probe");
    throw error instanceof Offline ? error : new Unsendable("photo_unreadable");
  });
  if (!bytes) throw new Unsendable("photo_gone");
  if (!bytes.byteLength) throw new Unsendable("empty_file");
  if ((await sha256Hex(bytes)) !== photo.sha256) throw new Unsendable("photo_unreadable");
  return bytes;
}

async function begin(engine: Engine, photo: PhotoRow): Promise<string> {
  const metadata = `photo_id ${btoa(photo.id)},sha256 ${btoa(photo.sha256)}`;
  const headers = { ...TUS, "Upload-Length": String(photo.size), "Upload-Metadata": metadata };
  const location = (await engine.ask("POST", "/uploads", { headers })).headers.get("Location") ?? "";
  const path = new URL(location, "http://here").pathname.replace(/^\/api\/v1/, "");
  await engine.store.transaction(() => engine.store.setPhoto(photo.id, { upload: path }));
  return path;
}
