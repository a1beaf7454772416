// A client in plain JavaScript (Node 20 or newer): `node client.mjs URL LOGIN PASSWORD PHOTO.jpg`.
//
// It lists customers page by page, reads one, creates a work order once whatever the network does, hangs a
// photo on it, and follows what changed since. Every request goes through `ask`.
import { createHash, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

const TRIES = 5;
const PIECE = 1024 * 1024;
const [url, login, password, photo] = process.argv.slice(2);
const api = `${url}/api/v1`;
const device = newId();
let signedIn = null;

/** What the server said no with: its HTTP status and the problem document. */
class Refused extends Error {
  constructor(status, problem) {
    super(`${status} ${problem.code}: ${problem.title_en}`);
    Object.assign(this, { status, problem });
  }
}

/** A UUIDv7: records made later come later in lists. */
function newId() {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** The answer and its headers. Told to wait, it waits; a token that has ended is renewed once. */
async function ask(method, path, body, headers = {}) {
  let renewed = false;
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    try {
      return await send(method, path, body, headers);
    } catch (error) {
      if (error instanceof TypeError) {
        await sleep(2000); // No answer: whether it was done is not known, so everything here may be repeated.
      } else if (error.status === 429 || error.status === 503) {
        await sleep(1000 * error.problem.retry_after_s);
      } else if (error.status === 401 && signedIn && !renewed) {
        await renew();
        renewed = true;
      } else {
        throw error;
      }
    }
  }
  throw new Error(`${method} ${path}: no answer`);
}

async function renew() {
  const asked = { refresh_token: signedIn.refresh_token, device_id: device };
  signedIn = { ...signedIn, ...(await send("POST", "/sessions/refresh", asked, {})).said };
}

async function send(method, path, body, headers) {
  const raw = body instanceof Uint8Array;
  const given = { Authorization: `Bearer ${signedIn?.access_token ?? ""}`, ...headers };
  if (body !== undefined && !raw) given["Content-Type"] = "application/json";
  const where = path.startsWith("http") ? path : api + path;
  const answer = await fetch(where, { method, headers: given, body: raw ? body : JSON.stringify(body) });
  const text = await answer.text();
  if (answer.ok) return { said: text ? JSON.parse(text) : null, headers: answer.headers };
  const problem = text.startsWith("{") ? JSON.parse(text) : {};
  throw new Refused(answer.status, { retry_after_s: answer.headers.get("Retry-After") ?? 5, ...problem });
}

/** By staff number and password; the device's id is made once and kept by the program. */
async function signIn() {
  const asked = { login, password, device: { id: device, name: "a client in JavaScript" } };
  signedIn = (await ask("POST", "/sessions", asked)).said;
}

/** Every record of a list, page after page. */
async function* rows(path) {
  let after = "";
  for (;;) {
    const page = (await ask("GET", path + after)).said;
    yield* page.rows;
    if (page.next === null) return;
    after = `&after=${page.next}`;
  }
}

/** A new record. Its `id` is the idempotency key: taken means that an earlier try arrived. */
async function createOnce(path, values) {
  try {
    return (await ask("POST", path, values)).said;
  } catch (error) {
    if (error.problem?.code !== "id_taken") throw error;
    console.log(`the same again: ${error.status} id_taken`);
    return (await ask("GET", `${path}/${values.id}`)).said;
  }
}

/** The bytes of a photo by tus, a piece at a time; returns when they had arrived. */
async function upload(photoId, data) {
  const sha256 = createHash("sha256").update(data).digest("hex");
  const told = Object.entries({ photo_id: photoId, sha256 });
  const metadata = told.map(([key, one]) => `${key} ${Buffer.from(one).toString("base64")}`).join(",");
  const tus = { "Tus-Resumable": "1.0.0" };
  const begin = { ...tus, "Upload-Length": String(data.length), "Upload-Metadata": metadata };
  const begun = await ask("POST", "/uploads", new Uint8Array(), begin);
  const where = new URL(begun.headers.get("Location"), url).href;
  for (;;) {
    const offset = (await ask("HEAD", where, undefined, tus)).headers.get("Upload-Offset");
    const piece = { ...tus, "Upload-Offset": offset, "Content-Type": "application/offset+octet-stream" };
    const sent = await ask("PATCH", where, data.subarray(Number(offset), Number(offset) + PIECE), piece);
    if (sent.headers.get("Arrived-At") !== null) return sent.headers.get("Arrived-At");
  }
}

/** What changed since the cursor, and the next cursor: keep both in one transaction. */
async function changes(store, cursor) {
  const lines = [];
  for (;;) {
    const page = (await ask("POST", "/sync/pull", { store, cursor, have: {} })).said;
    lines.push(...page.lines);
    cursor = page.cursor;
    if (!page.more) return { lines, cursor };
  }
}

await signIn();
console.log("signed in as", signedIn.roles.join(", "));
const store = newId();
const { cursor } = await changes(store, null);

const residents = [];
for await (const one of rows("/customers?category=resident&limit=2")) residents.push(one);
console.log("customers of category resident:", residents.length);
const read = await ask("GET", `/customers/${residents[0].id}`);
console.log("read:", read.said.number, "ETag", read.headers.get("ETag"));

const matter = (await rows("/matters?code=leak").next()).value;
const job = { id: newId(), matter_id: matter.id, customer_id: read.said.id, description: "门前漏水" };
console.log("created:", (await createOnce("/work-orders", job)).state);
console.log("created:", (await createOnce("/work-orders", job)).state);

const data = await readFile(photo);
const about = { of_kind: "work_order", of_id: job.id, purpose: "site", media_type: "image/jpeg" };
const sha256 = createHash("sha256").update(data).digest("hex");
const picture = await createOnce("/photos", { id: newId(), ...about, sha256, size_bytes: data.length });
await upload(picture.id, data);
const there = (await ask("GET", `/photos/${picture.id}`)).said.arrived_at;
console.log("photo arrived:", there ? "True" : "False");

const { lines } = await changes(store, cursor);
const mine = lines.filter((line) => [job.id, picture.id].includes(line.id)).map((line) => line.kind);
console.log("changed since:", [...new Set(mine)].sort().join(", "));
try {
  await ask("GET", `/customers/${newId()}`);
} catch (error) {
  console.log("refused:", error.message);
}
