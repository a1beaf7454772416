/**
 * Finding in a list what somebody types, by the rules of the server's search
 * (backend/core/comparing/finding.py).
 */
import { plain } from "../comparing.ts";
import { type Address, addressOf, agree, hasNumber, isShortFor, lineOf, withShortArea } from "./addresses.ts";
import { phoneDigits, phonesIn, wantedDigits } from "./phones.ts";

/** What a record is found by: lines of forms, and its addresses. */
export interface Kept {
  lines: string[];
  addresses: Address[];
}
export interface Wanted {
  forms: string[];
  address: Address | null;
  words: string[][];
}

const TELLING = 3;
const MOST_WORDS = 8;
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
  const words = typed.split(BETWEEN_WORDS).filter((one) => plain(one));
  const address = addressOf(typed);
  return {
    forms: forms(plain(typed), wantedDigits(typed)),
    address: isTelling(address) ? address : null,
    words: phoneDigits(typed) || words.length < 2 ? [] : words.slice(0, MOST_WORDS).map(formsOfWord),
  };
}

/** Those of a list that are found by what was typed; all while nothing was. */
export function found<T>(typed: string, list: T[], kept: (one: T) => Kept): T[] {
  if (!typed.trim()) return list;
  const wanted = wantedOf(typed);
  if (!wanted.forms.length) return [];
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
  const holds = (form: string): boolean => kept.lines.some((line) => line.includes(form));
  if (wanted.forms.some(holds)) return true;
  if (wanted.address && kept.addresses.some((there) => isAt(wanted.address!, there))) return true;
  return wanted.words.length > 0 && wanted.words.every((word) => word.some(holds));
}

const isAt = (address: Address, there: Address): boolean =>
  there.door.includes(address.door) && agree(address.areas, there.areas);
const isTelling = (address: Address): boolean =>
  hasNumber(address) && address.door.replaceAll(" ", "").length >= TELLING;

function formsOfWord(word: string): string[] {
  const address = addressOf(word);
  return forms(plain(word), wantedDigits(word), isTelling(address) ? address.door : "");
}

function forms(...all: string[]): string[] {
  return all[0] ? [...new Set(all)].filter(Boolean) : [];
}
