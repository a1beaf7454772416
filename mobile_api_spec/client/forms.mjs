/** Forms (protocol.md, section 8): conditions by their grammar, faults, and the score. */
const TOKEN = /(?<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?<name>[A-Za-z_]\w*)|(?<text>'(?:[^'\\\r\n]|\\[^\r\n])*'|"(?:[^"\\\r\n]|\\[^\r\n])*")|(?<sign>&&|\|\||[<>=!]=|[-+*/%<>!?:()[\].,])/y;
const ESCAPES = { "\\": "\\", "'": "'", '"': '"', n: "\n", r: "\r", t: "\t" };
const SATISFACTION = { very_satisfied: 1, satisfied: 1, neutral: 0.5, dissatisfied: 0, very_dissatisfied: 0 };

class Wrong extends Error {}

function need(is) {
  if (!is) throw new Wrong();
}

/** Whether a condition is true. */
export function holds(condition, answers, value) {
  try {
    return compute(parse(condition), { answers, value }) === true;
  } catch (error) {
    if (error instanceof Wrong) return false;
    throw error;
  }
}

function tokensOf(text) {
  const found = [];
  for (let at = 0; ; ) {
    while (" \t\r\n".includes(text[at] ?? "x")) at += 1;
    if (at >= text.length) break;
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    need(match);
    const [kind, word] = Object.entries(match.groups).find(([, one]) => one !== undefined);
    found.push({ kind, word });
    at = TOKEN.lastIndex;
  }
  need(found.length <= 200);
  return found;
}

function unquoted(word) {
  return word.slice(1, -1).replace(/\\(u[0-9a-fA-F]{4}|[^])/g, (_, sign) => {
    if (sign.length === 1) {
      need(sign in ESCAPES);
      return ESCAPES[sign];
    }
    const code = parseInt(sign.slice(1), 16);
    need(code < 0xd800 || code > 0xdfff);
    return String.fromCharCode(code);
  });
}

/** A tree of `[what, ...of]`. */
function parse(text) {
  const tokens = tokensOf(text);
  const names = ["answers", "value"];
  let depth = 0;
  const next = () => tokens[0] ?? { kind: "end", word: "" };
  const take = (...signs) => (signs.includes(next().word) && (next().kind === "sign" || next().word === "in") ? tokens.shift().word : null);
  const expect = (sign) => need(take(sign));
  const name = () => {
    need(next().kind === "name");
    return tokens.shift().word;
  };
  const chain = (below, ...signs) => () => {
    let left = below();
    for (let sign; (sign = take(...signs)); ) left = [sign, left, below()];
    return left;
  };
  const list = (end) => {
    const found = [];
    while (!take(end)) {
      if (found.length) expect(",");
      found.push(condition());
    }
    return found;
  };
  const method = (of) => {
    const called = name();
    if (!take("(")) return ["member", of, called];
    if (called === "all" || called === "exists") {
      const variable = name();
      need(!["true", "false", "null"].includes(variable));
      expect(",");
      names.push(variable);
      const inner = condition();
      names.pop();
      expect(")");
      return [called, of, variable, inner];
    }
    const given = list(")");
    need({ size: 0, startsWith: 1, endsWith: 1, contains: 1 }[called] === given.length);
    return [called, of, ...given];
  };
  const member = () => {
    let found = primary();
    for (let sign; (sign = take(".", "[")); ) {
      if (sign === ".") {
        found = method(found);
      } else {
        found = ["item", found, condition()];
        expect("]");
      }
    }
    return found;
  };
  const call = (called) => {
    if (called === "has") {
      const isBare = next().word !== "(";
      const of = member();
      expect(")");
      need(of[0] === "member" && isBare);
      return ["has", of[1], of[2]];
    }
    const given = list(")");
    need(called === "size" && given.length === 1);
    return ["size", given[0]];
  };
  const primary = () => {
    if (take("(")) {
      const found = condition();
      expect(")");
      return found;
    }
    if (take("[")) return ["list", ...list("]")];
    const { kind, word } = next();
    tokens.shift();
    if (kind === "number") return ["plain", finite(Number(word))];
    if (kind === "text") return ["plain", unquoted(word)];
    need(kind === "name");
    if (take("(")) return call(word);
    const plain = { true: true, false: false, null: null };
    if (Object.hasOwn(plain, word)) return ["plain", plain[word]];
    need(names.includes(word));
    return ["name", word];
  };
  const unary = () => {
    const sign = take("!", "-");
    return sign ? [sign === "!" ? "not" : "minus", unary()] : member();
  };
  const product = chain(unary, "*", "/", "%");
  const sum = chain(product, "+", "-");
  const relation = chain(sum, "<", "<=", ">", ">=", "==", "!=", "in");
  const and = chain(relation, "&&");
  const or = chain(and, "||");
  const condition = () => {
    depth += 1;
    need(depth <= 32);
    let found = or();
    if (take("?")) {
      const yes = condition();
      expect(":");
      found = ["choice", found, yes, condition()];
    }
    depth -= 1;
    return found;
  };
  const found = condition();
  need(!tokens.length);
  return found;
}

function typeOf(value) {
  if (value === null) return "null";
  return Array.isArray(value) ? "list" : typeof value;
}

function as(type, value) {
  need(typeOf(value) === type);
  return value;
}

function finite(value) {
  need(Number.isFinite(value));
  return value;
}

function memberOf(of, name) {
  need(Object.hasOwn(as("object", of), name));
  return of[name];
}

function isSame(one, other) {
  const type = typeOf(one);
  if (type !== typeOf(other)) return false;
  if (type === "list") return one.length === other.length && one.every((item, n) => isSame(item, other[n]));
  if (type !== "object") return one === other;
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => Object.hasOwn(other, name) && isSame(one[name], other[name]));
}

/** Less than, by number or by code points. */
function isLess(one, other) {
  if (typeOf(one) === "string" && typeOf(other) === "string") return Buffer.compare(Buffer.from(one), Buffer.from(other)) < 0;
  return finite(as("number", one)) < finite(as("number", other));
}

/** One that decides is enough; else all must be computable. */
function decided(ways, decides) {
  let isWrong = false;
  for (const way of ways) {
    try {
      if (as("boolean", way()) === decides) return decides;
    } catch (error) {
      if (!(error instanceof Wrong)) throw error;
      isWrong = true;
    }
  }
  need(!isWrong);
  return !decides;
}

function compute([what, ...of], scope) {
  const at = (n) => compute(of[n], scope);
  const numbers = () => [as("number", at(0)), as("number", at(1))];
  const each = () => as("list", at(0)).map((one) => () => compute(of[2], { ...scope, [of[1]]: one }));
  switch (what) {
    case "plain": return of[0];
    case "name": return scope[of[0]];
    case "list": return of.map((one) => compute(one, scope));
    case "member": return memberOf(at(0), of[1]);
    case "has": return Object.hasOwn(as("object", at(0)), of[1]);
    case "item": return itemOf(at(0), at(1));
    case "size": return sizeOf(at(0));
    case "startsWith": return as("string", at(0)).startsWith(as("string", at(1)));
    case "endsWith": return as("string", at(0)).endsWith(as("string", at(1)));
    case "contains": return as("string", at(0)).includes(as("string", at(1)));
    case "all": return decided(each(), false);
    case "exists": return decided(each(), true);
    case "&&": return decided([() => at(0), () => at(1)], false);
    case "||": return decided([() => at(0), () => at(1)], true);
    case "choice": return as("boolean", at(0)) ? at(1) : at(2);
    case "not": return !as("boolean", at(0));
    case "minus": return -as("number", at(0));
    case "==": return isSame(at(0), at(1));
    case "!=": return !isSame(at(0), at(1));
    case "in": return isIn(at(0), at(1));
    case "<": return isLess(at(0), at(1));
    case ">": return isLess(at(1), at(0));
    case "<=": return !isLess(at(1), at(0));
    case ">=": return !isLess(at(0), at(1));
    case "+": return plus(at(0), at(1));
    default: return finite({ "-": (a, b) => a - b, "*": (a, b) => a * b, "/": (a, b) => a / b, "%": (a, b) => a % b }[what](...numbers()));
  }
}

function plus(one, other) {
  if (typeOf(one) === "string" && typeOf(other) === "string") return one + other;
  return finite(as("number", one) + as("number", other));
}

function isIn(one, many) {
  if (typeOf(many) === "object") return Object.hasOwn(many, as("string", one));
  return as("list", many).some((item) => isSame(one, item));
}

function itemOf(of, at) {
  if (typeOf(of) === "object") return memberOf(of, as("string", at));
  need(Number.isInteger(as("number", at)) && at >= 0 && at < as("list", of).length);
  return of[at];
}

function sizeOf(value) {
  if (typeOf(value) === "string") return [...value].length;
  return typeOf(value) === "list" ? value.length : Object.keys(as("object", value)).length;
}

// As `blanks` in vectors/forms.json lists them; `trim` takes others.
const BLANKS = /^[\p{White_Space}\ufeff]+|[\p{White_Space}\ufeff]+$/gu;
const NUMERAL = /^[+-]?(\d{1,60}(\.\d{0,60})?|\.\d{1,60})([eE][+-]?\d{1,3})?$/;

/** The digits of a number, and the power of ten of the last that is not 0. */
function exact(text) {
  const [mantissa, power] = `${text.toLowerCase()}e0`.split("e");
  const [whole, part = ""] = mantissa.replace(/^[+-]/, "").split(".");
  const digits = (whole + part).replace(/^0+/, "");
  const zeros = digits.length - digits.replace(/0+$/, "").length;
  return digits ? [digits.slice(0, digits.length - zeros), Number(power) - part.length + zeros].join("e") : "0";
}

/** What is sent of what a person typed: a number only where nothing of it is lost. */
export function answerOf({ type }, typed) {
  if (!["integer", "decimal"].includes(type)) return typed === "" ? null : typed;
  const text = typed.normalize("NFKC").replace(BLANKS, "");
  if (text === "") return null;
  const number = Number(NUMERAL.test(text) ? text : NaN);
  return Number.isFinite(number) && exact(text) === exact(String(number)) ? number || 0 : typed;
}

/** What is wrong with the answers to a form, in the order of its rows. */
export function faults(rows, answers) {
  return rows.map((row) => [row.name, faultOf(row, answers)]).filter(([, code]) => code);
}

function faultOf({ name, type, required, relevant, constraint }, answers) {
  const value = (Object.hasOwn(answers, name) ? answers[name] : null) ?? null;
  const isAsked = !relevant || holds(relevant, answers, null);
  if (value === null) return required && type !== "note" && isAsked ? "required" : null;
  if (!isAsked) return "not_asked";
  if (constraint && !holds(constraint, answers, value)) return "constraint";
  return type === "satisfaction" && !(typeof value === "string" && Object.hasOwn(SATISFACTION, value)) ? "not_a_choice" : null;
}

/** The mean over the satisfaction questions that were answered; null without any. */
export function score(rows, answers) {
  const said = rows.filter(({ type }) => type === "satisfaction").map(({ name }) => answers[name]);
  const points = said.filter((one) => typeof one === "string" && Object.hasOwn(SATISFACTION, one)).map((one) => SATISFACTION[one]);
  return points.length ? Math.round((points.reduce((sum, one) => sum + one, 0) / points.length) * 10_000) / 10_000 : null;
}
