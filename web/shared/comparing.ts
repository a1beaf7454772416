/**
 * The one form in which typed text is compared, as the server compares it: case, width, blanks and what
 * cannot be seen mean nothing.
 */
import { simplified } from "./comparing/simplified.ts";

const UNSEEN = /[\p{Z}\p{C}\p{Default_Ignorable_Code_Point}\u2800]/gu;
const DASHES = /[\p{Pd}\u2212]/gu;
const DIGIT = /\p{Nd}/u;
// The sounds of Japanese letters are marks as well, and another sound is another name.
const ACCENTS = /(?![\u3099\u309a])\p{Mn}/gu;
// Letters with a stroke and the like, for Unicode letters of their own; people type the plain ones.
const STROKED = "øđħıłŧðƀƃƈƌƒƙƚƞƥƫƭƴƶǥȡȥȴȵȶȷȼȿɀɇɉɋɍɏ";
const BARE = "odhiltdbbcdfklnpttyzgdzlntjcszejqry";
const PLAIN_LETTERS = new Map([
  ...[...STROKED].map((one, n) => [one, BARE[n]!] as const),
  ["æ", "ae"] as const,
  ["œ", "oe"] as const,
  ["þ", "th"] as const,
]);
const MARKS = /[\p{Pd}\p{Ps}\p{Pe}\p{Pi}\p{Pf}·‧•∙⋅・.,、。;:'"!?/|~`^]/gu;

export function comparable(typed: string): string {
  let form = typed;
  for (;;) {
    const again = visible(caseless(visible(form).normalize("NFKC"))).normalize("NFKC");
    if (again === form) return again;
    form = again;
  }
}

/** For finding: the comparable form without accents and strokes, in simplified characters. */
export function folded(typed: string): string {
  const bare = comparable(typed).normalize("NFD").replace(ACCENTS, "").normalize("NFC");
  return simplified(bare.replace(/[ß-ɏ]/gu, (one) => PLAIN_LETTERS.get(one) ?? one));
}

/** For finding: the folded form without dashes, brackets, quotes and the signs of a sentence. */
export function plain(typed: string): string {
  return folded(typed).replace(MARKS, "");
}

function visible(text: string): string {
  return text
    .replace(UNSEEN, "")
    .replace(DASHES, "-")
    .replace(/\p{Nd}/gu, digit);
}

/** ß is ss and a final ς is σ, as in the server's folding; a dotless ı stays one. */
function caseless(text: string): string {
  return text
    .replace(/[^ıİ]+/gu, (part) => part.toUpperCase().toLowerCase().replaceAll("ς", "σ"))
    .toLowerCase();
}

/** The digits of every script stand in rows of ten. */
function digit(one: string): string {
  if (one <= "9") return one;
  let code = one.codePointAt(0)!;
  let before = 0;
  while (DIGIT.test(String.fromCodePoint(--code))) before += 1;
  return String(before % 10);
}
