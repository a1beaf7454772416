/**
 * A form's conditions: a small language with CEL's words, in which a number is a number (protocol, section
 * 8).
 */
const MOST_NESTED = 32;
const MOST_TOKENS = 200;
const BLANKS = /[ \t\r\n]*/;
const NUMBER = /([0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)/;
const NAME = /([A-Za-z_][A-Za-z0-9_]*)/;
const TEXT = /('(?:[^'\\\r\n]|\\[^\r\n])*'|"(?:[^"\\\r\n]|\\[^\r\n])*")/;
const SIGN = /(&&|\|\||[<>=!]=|[-+*/%<>!?:()[\].,])/;
/** Its groups are in the order of `KINDS`. */
const TOKEN = new RegExp(
  `${BLANKS.source}(?:${[NUMBER, NAME, TEXT, SIGN].map((one) => one.source).join("|")}|$)`,
  "y",
);
const KINDS = ["number", "name", "text", "sign"] as const;
const ESCAPED: Record<string, string> = { "\\": "\\", "'": "'", '"': '"', n: "\n", r: "\r", t: "\t" };
/** From the loosest to the tightest; all of them from left to right. */
const LEVELS = [
  ["||"],
  ["&&"],
  ["<", "<=", ">", ">=", "==", "!=", "in"],
  ["+", "-"],
  ["*", "/", "%"],
] as const;
const TEXT_METHODS: Record<string, (one: string, other: string) => boolean> = {
  startsWith: (one, other) => one.startsWith(other),
  endsWith: (one, other) => one.endsWith(other),
  contains: (one, other) => one.includes(other),
};

type Scope = Record<string, unknown>;
type Node = (scope: Scope) => unknown;
interface Token {
  kind: (typeof KINDS)[number] | "end";
  word: string;
}

/** The condition cannot be read, or cannot be computed for these answers. */
class Wrong extends Error {}

function wrong(): never {
  throw new Wrong();
}

/** Whether a condition is true; one that cannot be read or computed is not. */
export function holds(source: string, answers: unknown, value: unknown = null): boolean {
  try {
    return new Parser(source).whole()({ answers, value }) === true;
  } catch (error) {
    if (error instanceof Wrong) return false;
    throw error;
  }
}

class Parser {
  readonly #tokens: Token[];
  #at = 0;
  #depth = 0;
  readonly #names = ["answers", "value"];

  constructor(source: string) {
    this.#tokens = tokensOf(source);
  }

  whole(): Node {
    const found = this.#choice();
    return this.#tokens[this.#at]!.kind === "end" ? found : wrong();
  }

  #is(...signs: readonly string[]): string | null {
    const { kind, word } = this.#tokens[this.#at]!;
    if (!signs.includes(word) || (kind !== "sign" && word !== "in")) return null;
    this.#at += 1;
    return word;
  }

  #need(sign: string): void {
    if (!this.#is(sign)) wrong();
  }

  #name(): string {
    const { kind, word } = this.#tokens[this.#at++]!;
    return kind === "name" ? word : wrong();
  }

  #choice(): Node {
    if (++this.#depth > MOST_NESTED) wrong();
    const asked = this.#chain(0);
    let found = asked;
    if (this.#is("?")) {
      const yes = this.#choice();
      this.#need(":");
      const no = this.#choice();
      found = (scope) => (truth(asked(scope)) ? yes(scope) : no(scope));
    }
    this.#depth -= 1;
    return found;
  }

  #chain(level: number): Node {
    const signs = LEVELS[level];
    if (!signs) return this.#unary();
    let found = this.#chain(level + 1);
    for (let sign = this.#is(...signs); sign; sign = this.#is(...signs))
      found = joined(sign, found, this.#chain(level + 1));
    return found;
  }

  #unary(): Node {
    const signs: string[] = [];
    for (let sign = this.#is("!", "-"); sign; sign = this.#is("!", "-")) signs.push(sign);
    return signs.reduceRight<Node>(
      (of, sign) => (sign === "!" ? (scope) => !truth(of(scope)) : (scope) => -number(of(scope))),
      this.#member().node,
    );
  }

  #member(): { node: Node; has: Node | null } {
    let node = this.#primary();
    let has: Node | null = null;
    for (let sign = this.#is(".", "["); sign; sign = this.#is(".", "[")) {
      const of = node;
      has = null;
      if (sign === "[") {
        const at = this.#choice();
        this.#need("]");
        node = (scope) => itemOf(of(scope), at(scope));
        continue;
      }
      const name = this.#name();
      if (this.#is("(")) {
        node = this.#method(name, of);
      } else {
        node = (scope) => memberOf(of(scope), name);
        has = (scope) => Object.hasOwn(object(of(scope)), name);
      }
    }
    return { node, has };
  }

  #method(name: string, of: Node): Node {
    if (name === "all" || name === "exists") return this.#each(of, name === "exists");
    const given = this.#list(")");
    if (name === "size" && given.length === 0) return (scope) => sizeOf(of(scope));
    const judge = Object.hasOwn(TEXT_METHODS, name) && given.length === 1 ? TEXT_METHODS[name]! : wrong();
    return (scope) => judge(text(of(scope)), text(given[0]!(scope)));
  }

  #each(of: Node, decides: boolean): Node {
    const name = this.#name();
    if (["true", "false", "null"].includes(name)) wrong();
    this.#need(",");
    this.#names.push(name);
    const condition = this.#choice();
    this.#names.pop();
    this.#need(")");
    return (scope) =>
      decided(
        list(of(scope)).map((one) => () => condition({ ...scope, [name]: one })),
        decides,
      );
  }

  #list(end: string): Node[] {
    const found: Node[] = [];
    while (!this.#is(end)) {
      if (found.length) this.#need(",");
      found.push(this.#choice());
    }
    return found;
  }

  #primary(): Node {
    if (this.#is("(")) {
      const found = this.#choice();
      this.#need(")");
      return found;
    }
    if (this.#is("[")) {
      const items = this.#list("]");
      return (scope) => items.map((one) => one(scope));
    }
    const { kind, word } = this.#tokens[this.#at++] ?? wrong();
    if (kind === "number") return plain(finite(Number(word)));
    if (kind === "text") return plain(unescaped(word));
    if (kind !== "name") wrong();
    if (this.#is("(")) return this.#function(word);
    if (word === "null") return plain(null);
    if (word === "true" || word === "false") return plain(word === "true");
    return this.#names.includes(word) ? (scope) => scope[word] : wrong();
  }

  #function(name: string): Node {
    if (name === "has") {
      const { has } = this.#member();
      this.#need(")");
      return has ?? wrong();
    }
    const given = this.#list(")");
    if (name !== "size" || given.length !== 1) wrong();
    return (scope) => sizeOf(given[0]!(scope));
  }
}

function tokensOf(source: string): Token[] {
  const found: Token[] = [];
  TOKEN.lastIndex = 0;
  while (found.at(-1)?.kind !== "end") {
    const match = TOKEN.exec(source);
    if (!match || found.length > MOST_TOKENS) wrong();
    const n = match.slice(1).findIndex((one) => one !== undefined);
    found.push({ kind: KINDS[n] ?? "end", word: match[n + 1] ?? "" });
  }
  return found;
}

function unescaped(quoted: string): string {
  return quoted
    .slice(1, -1)
    .replace(/\\(?:u([0-9a-fA-F]{4})|(.))/gsu, (_, code: string | undefined, sign: string) => {
      if (code === undefined) return ESCAPED[sign] ?? wrong();
      const point = Number.parseInt(code, 16);
      return point >= 0xd800 && point < 0xe000 ? wrong() : String.fromCharCode(point);
    });
}

function plain(value: unknown): Node {
  return () => value;
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : wrong();
}

function number(value: unknown): number {
  return typeof value === "number" ? finite(value) : wrong();
}

function truth(value: unknown): boolean {
  return typeof value === "boolean" ? value : wrong();
}

function text(value: unknown): string {
  return typeof value === "string" ? value : wrong();
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : wrong();
}

function isObject(value: unknown): value is Scope {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function object(value: unknown): Scope {
  return isObject(value) ? value : wrong();
}

function memberOf(value: unknown, name: string): unknown {
  const of = object(value);
  return Object.hasOwn(of, name) ? of[name] : wrong();
}

function itemOf(value: unknown, at: unknown): unknown {
  if (isObject(value)) return memberOf(value, text(at));
  const items = list(value);
  const place = number(at);
  return Number.isInteger(place) && place >= 0 && place < items.length ? items[place] : wrong();
}

function sizeOf(value: unknown): number {
  if (typeof value === "string") return [...value].length;
  return Array.isArray(value) ? value.length : Object.keys(object(value)).length;
}

/** One side that decides is enough, whatever cannot be computed beside it; else all must be computable. */
function decided(sides: (() => unknown)[], decides: boolean): boolean {
  let isWrong = false;
  for (const side of sides) {
    try {
      if (truth(side()) === decides) return decides;
    } catch (error) {
      if (!(error instanceof Wrong)) throw error;
      isWrong = true;
    }
  }
  return isWrong ? wrong() : !decides;
}

function same(one: unknown, other: unknown): boolean {
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length && one.every((item, n) => same(item, other[n]));
  if (isObject(one) && isObject(other)) {
    const names = Object.keys(one);
    return (
      names.length === Object.keys(other).length &&
      names.every((name) => Object.hasOwn(other, name) && same(one[name], other[name]))
    );
  }
  return one === other;
}

/** By code points, which is not how JavaScript compares. */
function comparedTexts(one: string, other: string): number {
  const [ours, theirs] = [[...one], [...other]];
  const n = ours.findIndex((sign, at) => sign !== theirs[at]);
  if (n < 0) return ours.length - theirs.length;
  return n < theirs.length ? ours[n]!.codePointAt(0)! - theirs[n]!.codePointAt(0)! : 1;
}

const ORDERED: Record<string, (difference: number) => boolean> = {
  "<": (d) => d < 0,
  "<=": (d) => d <= 0,
  ">": (d) => d > 0,
  ">=": (d) => d >= 0,
};
const COMPUTED: Record<string, (one: number, other: number) => number> = {
  "+": (one, other) => one + other,
  "-": (one, other) => one - other,
  "*": (one, other) => one * other,
  "/": (one, other) => one / other,
  "%": (one, other) => one % other,
};

function joined(sign: string, left: Node, right: Node): Node {
  if (sign === "&&" || sign === "||")
    return (scope) => decided([() => left(scope), () => right(scope)], sign === "||");
  return (scope) => worked(sign, left(scope), right(scope));
}

function worked(sign: string, one: unknown, other: unknown): unknown {
  if (sign === "==" || sign === "!=") return same(one, other) === (sign === "==");
  if (sign === "in")
    return isObject(other) ? Object.hasOwn(other, text(one)) : list(other).some((item) => same(one, item));
  const areTexts = typeof one === "string" && typeof other === "string";
  const ordered = ORDERED[sign];
  if (ordered) return ordered(areTexts ? comparedTexts(one, other) : Math.sign(number(one) - number(other)));
  if (sign === "+" && areTexts) return one + other;
  return finite(COMPUTED[sign]!(number(one), number(other)));
}
