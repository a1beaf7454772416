/** Runs the conformance vectors by this client alone: `node run_vectors.mjs [folder]`. It ends with 1 where one does not hold. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";

import { canonical, digestOf, isInside, recordHash, sha256 } from "./canonical.mjs";
import { countsFrom, judge, momentText } from "./clocks.mjs";
import { answerOf, faults, holds, score } from "./forms.mjs";
import { merged, orders, stepped } from "./merge.mjs";
import { Phone, Refused } from "./phone.mjs";
import { sheetOf, statement } from "./sheets.mjs";

const FOLDER = process.argv[2] ?? fileURLToPath(new URL("../vectors", import.meta.url));
const failures = [];
let count = 0;

function same(where, found, expected) {
  count += 1;
  if (!isDeepStrictEqual(found, expected)) failures.push(`${where}: ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`);
}

function inOrders({ ordered }, rows) {
  return ordered ? [rows] : orders(rows);
}

/** A server that says what the case says. */
function scripted(answers, asked) {
  return async (path, body) => {
    const [verb, answer] = answers.shift();
    asked.push([path, structuredClone(body)]);
    if (verb === "lost") throw Object.assign(new Error("no answer"), { isLost: true });
    if (path !== `/sync/${verb}`) throw new Error(`${path} where ${verb} was expected`);
    if (answer.refused) throw new Refused(409, { code: answer.refused, why: answer.why });
    (body.mutations ?? []).forEach((mutation, n) => (answer.outcomes[n].id = mutation.id));
    return answer;
  };
}

async function phoneOf(where, one) {
  const [answers, asked] = [structuredClone(one.answers), []];
  const phone = new Phone(scripted(answers, asked));
  if (one.create) {
    phone.enter("n", "0193c0de-0000-7000-8000-000000000009", "create", { v: 1 });
    await phone.push();
  }
  while (answers.length) {
    await phone.pull().catch((error) => {
      if (!error.isLost) throw error;
    });
  }
  const bodies = (path) => asked.filter(([one_]) => one_ === path).map(([, body]) => body);
  same(`${where}, shows`, Object.fromEntries(phone.visible().map((held) => [`${held.kind}/${held.id}`, held.version])), one.shows);
  same(`${where}, queue`, phone.queue.length, one.queue ?? 0);
  const pulls = bodies("/sync/pull");
  if (one.have) same(`${where}, have`, Object.entries(pulls.at(-1).have), one.have);
  if (one.cursor_sent) same(`${where}, cursor`, pulls.at(-1).cursor, one.cursor_sent);
  if (one.cursors) same(`${where}, cursors`, pulls.map((body) => body.cursor), one.cursors);
  if (one.ranges) same(`${where}, ranges`, bodies("/sync/compare").map((body) => body.ranges.map(({ after, upto }) => ({ after, upto }))), one.ranges);
}

const RUN = {
  numbers: (where, one) => same(where, canonical(JSON.parse(one.json)), one.canonical),
  expressions: (where, one) => same(where, holds(one.condition, one.answers ?? {}, one.value ?? null), one.holds),
  forms: (where, one, { rows }) => {
    same(where, faults(rows, one.answers), one.faults);
    same(`${where}, score`, score(rows, one.answers), one.score);
  },
  clocks: (where, one) => {
    const { at, grade } = judge(one);
    same(where, [momentText(at), grade, momentText(countsFrom(at, one.seen))], [one.at, one.grade, one.counts_from]);
  },
  hashes: (where, one) => {
    same(where, canonical(one.body), one.canonical);
    same(where, [sha256(one.canonical), recordHash(one)], [one.body_sha256, one.record_hash]);
  },
  merge: (where, one, { fields, start }) => {
    for (const rows of inOrders(one, one.edits)) same(where, merged(fields, start, rows), { values: one.values, questions: one.questions });
  },
  steps: (where, one, { actions, start }) => {
    const expected = { state: one.state, unfit: one.unfit, parked: one.parked ?? [] };
    for (const rows of inOrders(one, one.steps)) same(where, stepped(actions, start, rows), expected);
  },
  sheets: (where, one, { fields }) => {
    same(where, sheetOf(fields, one.job, one.photos), one.sheet);
    same(where, sha256(canonical(one.sheet)), one.sha256);
    same(where, statement(one.id, one.device_id, one.signature), one.statement);
  },
  store: phoneOf,
  cursors: phoneOf,
};

for (const file of readdirSync(FOLDER).sort()) {
  const name = file.replace(/\.json$/, "");
  const vectors = JSON.parse(readFileSync(join(FOLDER, file), "utf-8"));
  if (!RUN[name]) failures.push(`${name}: nothing here runs these vectors`);
  for (const one of vectors.cases) {
    const where = `${name}: ${one.name ?? one.id}`;
    try {
      await RUN[name]?.(where, one, vectors);
    } catch (error) {
      failures.push(`${where}: ${error.stack}`);
    }
  }
  for (const one of vectors.typed ?? []) same(`${name}: typed: ${one.name}`, answerOf(one, one.typed), one.answer);
  const { white_space: blanks = [], others = [] } = vectors.blanks ?? {};
  for (const code of [...blanks, ...others]) {
    const sign = String.fromCodePoint(parseInt(code, 16));
    const typed = `${sign}7${sign}${sign}`;
    const isBlank = blanks.includes(code);
    same(`${name}: blank ${code}`, answerOf({ type: "integer" }, typed), isBlank ? 7 : typed);
    same(`${name}: only blank ${code}`, answerOf({ type: "integer" }, sign), isBlank ? null : sign);
  }
  for (const { after, upto, ...digest } of vectors.ranges ?? []) {
    same(`${name}: a range`, digestOf(vectors.cases.filter((one) => isInside([one.kind, one.id], after, upto))), digest);
  }
}
failures.forEach((one) => console.error(one));
console.log(`${count} comparisons, ${failures.length} failures`);
process.exitCode = failures.length ? 1 : 0;
