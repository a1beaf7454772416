/** Fields and steps that meet (protocol.md, section 4): heads, policies, the log of steps. */
import { canonical } from "./canonical.mjs";

function isSeen(head, edit) {
  return head.version <= edit.base_version || head.device === edit.device;
}

function byTime(one, other) {
  return one.at === other.at ? (one.id < other.id ? -1 : 1) : one.at < other.at ? -1 : 1;
}

function combined(policy, values) {
  const present = values.filter((value) => value !== null);
  if (policy === "greatest" || policy === "least") {
    const isBetter = (one, best) => (policy === "greatest" ? one > best : one < best);
    return present.reduce((best, one) => (best === null || isBetter(one, best) ? one : best), null);
  }
  const union = new Map();
  for (const item of present.flat()) if (!union.has(canonical(item))) union.set(canonical(item), item);
  if (policy === "append") return [...union.values()];
  return [...union.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))).map((key) => union.get(key));
}

/** A record's values, and the questions that stand, after these edits in this order. */
export function merged(fields, start, edits) {
  const values = { ...start };
  const heads = {};
  for (const edit of edits) {
    const groupOf = (name) => fields[name].group ?? name;
    for (const group of new Set(Object.keys(edit.now).map(groupOf))) {
      const names = Object.keys(fields).filter((name) => groupOf(name) === group);
      const mine = { ...edit, values: Object.fromEntries(names.map((name) => [name, name in edit.now ? edit.now[name] : values[name]])) };
      heads[group] = [...(heads[group] ?? []).filter((head) => !isSeen(head, edit)), mine].sort(byTime);
      const policy = fields[names[0]].policy;
      const isCombined = heads[group].length > 1 && ["set", "append", "greatest", "least"].includes(policy);
      for (const name of names) {
        values[name] = isCombined ? combined(policy, heads[group].map((head) => head.values[name])) : heads[group].at(-1).values[name];
      }
    }
  }
  const isDisputed = (group) => fields[group]?.policy === "review" && new Set(heads[group].map((head) => canonical(head.values))).size > 1;
  return { values, questions: Object.keys(heads).filter(isDisputed).sort() };
}

function folded(actions, start, log) {
  let state = start;
  const unfit = [];
  for (const step of log) {
    if (actions[step.action].from.includes(state)) state = actions[step.action].to;
    else unfit.push(step.id);
  }
  return { state, unfit };
}

/** The state that steps lead to in this order, those that no longer fit, and those parked because they never did. */
export function stepped(actions, start, steps) {
  let log = [];
  const parked = [];
  for (const step of steps) {
    const { state } = folded(actions, start, log.filter((one) => isSeen(one, step)));
    if (actions[step.action].from.includes(state)) log = [...log, step].sort(byTime);
    else parked.push(step.id);
  }
  return { ...folded(actions, start, log), parked };
}

/** Every order in which each device's own rows, and what a row had seen, come first. */
export function orders(rows) {
  const mustPrecede = (a, b) => a.version <= b.base_version || (a.device === b.device && a.version < b.version);
  const walk = (done, left) =>
    left.length ? left.filter((one) => !left.some((other) => other !== one && mustPrecede(other, one))).flatMap((one) => walk([...done, one], left.filter((other) => other !== one))) : [done];
  return walk([], rows);
}
