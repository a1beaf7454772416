/** A day of one representative against a running server: `node session.mjs <origin> <login> <password>`. It prints what it has. */
import { randomUUID } from "node:crypto";

import { digestOf } from "./canonical.mjs";
import { Phone, Refused } from "./phone.mjs";

const [origin, login, password] = process.argv.slice(2);
let token = null;

async function post(path, body) {
  const headers = { "Content-Type": "application/json", ...(token ? { Authorization: `Bearer ${token}` } : {}) };
  const answer = await fetch(`${origin}/api/v1${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  const found = await answer.json();
  if (!answer.ok) throw new Refused(answer.status, found);
  return found;
}

const signedIn = await post("/sessions", { login, password, device: { id: randomUUID(), name: "client of the documents" } });
token = signedIn.access_token;

const phone = new Phone(post);
await phone.pull();
const pulled = phone.visible().length;

const customer = phone.visible().find((one) => one.kind === "customer");
const visit = randomUUID();
phone.enter("visit", visit, "create", { customer_id: customer.id, cell_id: customer.body.cell_id, representative_id: signedIn.staff_id, method: "door" });
phone.enter("visit", visit, "act", { summary: "水压正常", away_reason: "门口没有信号" }, { action: "complete" });
phone.enter("customer", customer.id, "change", { note: "半夜水小 🚰" });
phone.enter("visit", randomUUID(), "create", { customer_id: randomUUID(), method: "phone" });
await phone.push();
await phone.pull();
const ended = phone.journal.map((entry) => entry.outcome.status);

// A failing disk: one row is gone, another says something else; then the server is asked what is wrong.
phone.records.delete(`visit/${visit}`);
Object.assign(phone.records.get(`customer/${customer.id}`), { body: {}, version: 99 });
await phone.compare();
await phone.pull();

const shown = phone.visible();
const versions = Object.fromEntries(shown.map((one) => [`${one.kind}/${one.id}`, one.version]));
console.log(JSON.stringify({ pulled, visit, customer: customer.id, ended, versions, scopes: phone.scopes, digest: digestOf(shown) }));
