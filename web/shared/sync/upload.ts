/** Photos' bytes by tus 1.0, in chunks, going on where the server says they stand (protocol, section 5). */
import type { Engine } from "./engine.ts";
import { Refused } from "./link.ts";
import type { PhotoRow } from "./store.ts";

const CHUNK_BYTES = 1024 * 1024;
const ABOUT_THE_PERSON = [401, 403, 429];
const TUS = { "Tus-Resumable": "1.0.0" };

/** Send every waiting picture, smallest trouble first: one that the server refuses does not stop the others. */
export async function uploadWaiting(engine: Engine): Promise<void> {
  for (const photo of engine.store.photos().filter((one) => !one.isDone)) {
    try {
      await uploadOne(engine, photo);
    } catch (error) {
      // Signing in again, or waiting, is for everything to come; only what is wrong with this one is begun anew.
      if (!(error instanceof Refused) || ABOUT_THE_PERSON.includes(error.status)) throw error;
      // Begun anew the next time; what the server said stays to be shown.
      await engine.store.transaction(() => engine.store.setPhoto(photo.id, { upload: null, sent: 0 }));
    }
  }
}

async function uploadOne(engine: Engine, photo: PhotoRow): Promise<void> {
  const bytes = await engine.store.photoBytes(photo.id);
  if (!bytes) return;
  const path = photo.upload ?? (await begin(engine, photo));
  let at = (await engine.ask("HEAD", path, { headers: TUS })).headers;
  let offset = Number(at.get("Upload-Offset"));
  while (offset < bytes.byteLength) {
    const headers = { ...TUS, "Upload-Offset": String(offset), "Content-Type": "application/offset+octet-stream" };
    const chunk = bytes.slice(offset, offset + CHUNK_BYTES);
    at = (await engine.ask("PATCH", path, { headers, bytes: chunk })).headers;
    offset = Number(at.get("Upload-Offset"));
    await engine.store.transaction(() => engine.store.setPhoto(photo.id, { sent: offset }));
  }
  // All bytes sent is not yet kept for good: the server's store may be away. Only this header says so.
  const arrivedAt = at.get("Arrived-At");
  if (arrivedAt) await engine.store.transaction(() => engine.store.setPhoto(photo.id, { isDone: true, arrivedAt, sent: offset }));
}

async function begin(engine: Engine, photo: PhotoRow): Promise<string> {
  const metadata = `photo_id ${btoa(photo.id)},sha256 ${btoa(photo.sha256)}`;
  const headers = { ...TUS, "Upload-Length": String(photo.size), "Upload-Metadata": metadata };
  const location = (await engine.ask("POST", "/uploads", { headers })).headers.get("Location") ?? "";
  const path = new URL(location, "http://here").pathname.replace(/^\/api\/v1/, "");
  await engine.store.transaction(() => engine.store.setPhoto(photo.id, { upload: path }));
  return path;
}
