/**
 * Finding in a list what somebody types, by the rules of the server's search
 * (backend/core/comparing/finding.py).
 */
import { plain } from "../comparing.ts";
import { type Address, addressOf, agree, hasNumber, isShortFor, lineOf, withShortArea } from "./addresses.ts";
import { phoneDigits, phonesIn, wantedDigits, withoutArea } from "./phones.ts";

/** What a record is found by: lines of forms, and its addresses. */
export interface Kept {
  lines: string[];
  addresses: Address[];
}
/** What a line is found by: a form somewhere in it, or a pattern that the whole of it fits. */
export interface Sought {
  forms: string[];
  lines: RegExp[];
}
export interface Wanted {
  whole: Sought;
  address: Address | null;
  words: Sought[];
}

const TELLING = 3;
const MOST_WORDS = 8;
const LABEL =
  "(?:(?:客户|用户|水表|工单|案件)(?:编号|号码|号)|户号|表号|案号|单号|编号|号码|number|num|nr|no|#)";
const ONLY_LABEL = new RegExp(`^${LABEL}$`);
const LABELLED = new RegExp(`^${LABEL}+([0-9a-z]*[0-9][0-9a-z]*)$`);
const TITLE =
  "先生|女士|小姐|太太|师傅|老师|同志|阿姨|叔叔|大爷|大妈|大娘|大姐|大哥|经理|老板|主任|医生|某某?";
const HAN = "[\u4e00-\u9fff]";
const SURNAME = new RegExp(`^(?:[小老阿](${HAN})|[小老阿]?(${HAN}{1,2}?)(?:${TITLE}))$`);
const BETWEEN_WORDS = /[\s,，、;；]+/;

type Typed = unknown;
const said = (values: Typed[]): string[] =>
  values.filter((one) => one !== null && one !== undefined && one !== "").map(String);

/** `read` holds forms that are kept as they are: pinyin, written by the server. */
export function keptOf({
  texts = [],
  phones = [],
  addresses = [],
  read = [],
}: Partial<Record<"texts" | "phones" | "addresses" | "read", Typed[]>>): Kept {
  const places = said(addresses).map(addressOf);
  const numbers = said(phones).flatMap((one) => [...phonesIn(one), plain(one)]);
  return {
    lines: [
      ...said([...texts, ...addresses]).map(plain),
      ...numbers,
      ...said(read),
      ...places.map(lineOf),
    ].filter(Boolean),
    addresses: places,
  };
}

export function wantedOf(typed: string): Wanted {
  const words = typed.split(BETWEEN_WORDS).filter((one) => plain(one) && !ONLY_LABEL.test(plain(one)));
  const address = addressOf(typed);
  return {
    whole: soughtOf(typed),
    address: isTelling(address) ? address : null,
    words: phoneDigits(typed) || words.length < 2 ? [] : words.slice(0, MOST_WORDS).map(ofWord),
  };
}

/** Those of a list that are found by what was typed; all while nothing was. */
export function found<T>(typed: string, list: T[], kept: (one: T) => Kept): T[] {
  if (!typed.trim()) return list;
  const wanted = wantedOf(typed);
  if (!wanted.whole.forms.length) return [];
  const first = list.filter((one) => isFound(wanted, kept(one)));
  if (first.length || !wanted.address) return first;
  const shorter = withShortArea(wanted.address);
  return list.filter((one) =>
    kept(one).addresses.some((there) =>
      shorter.some(([name, address]) => isAt(address, there) && isShortFor(name, there.areas)),
    ),
  );
}

export function isFound(wanted: Wanted, kept: Kept): boolean {
  const holds = ({ forms, lines }: Sought): boolean =>
    kept.lines.some(
      (line) => forms.some((form) => line.includes(form)) || lines.some((one) => one.test(line)),
    );
  if (holds(wanted.whole)) return true;
  if (wanted.address && kept.addresses.some((there) => isAt(wanted.address!, there))) return true;
  return wanted.words.length > 0 && wanted.words.every(holds);
}

const isAt = (address: Address, there: Address): boolean =>
  there.door.includes(address.door) && agree(address.areas, there.areas);
const isTelling = (address: Address): boolean =>
  hasNumber(address) && address.door.replaceAll(" ", "").length >= TELLING;

function ofWord(word: string): Sought {
  const address = addressOf(word);
  return soughtOf(word, isTelling(address) ? address.door : "");
}

function soughtOf(typed: string, door = ""): Sought {
  const form = plain(typed);
  const number = LABELLED.exec(form)?.[1] ?? "";
  const [, called, titled] = SURNAME.exec(form) ?? [];
  const name = called ?? titled;
  const isShort = number.length < TELLING;
  const lines = [
    isShort ? number : "",
    withoutArea(typed),
    name ? `[小老阿]${name}|${name}.{1,3}` : "",
  ].filter(Boolean);
  return {
    forms: forms(form, wantedDigits(typed), isShort ? "" : number, door),
    lines: lines.map((one) => new RegExp(`^(?:${one})$`)),
  };
}

function forms(...all: string[]): string[] {
  return all[0] ? [...new Set(all)].filter(Boolean) : [];
}
