/** Chinese numerals as digits, as the server reads them (backend/core/comparing/numerals.py). */

const DIGITS = new Map([..."零一二三四五六七八九〇壹贰叁肆伍陆柒捌玖"].map((sign, n) => [sign, n % 10]));
const TIMES = new Map([
  ["十", 10],
  ["拾", 10],
  ["百", 100],
  ["佰", 100],
  ["千", 1000],
  ["仟", 1000],
]);
const LONGEST = 9;
const NUMERAL = new RegExp(`[${[...DIGITS.keys(), ...TIMES.keys()].join("")}]+`, "g");

export function withDigits(text: string): string {
  return text.replace(NUMERAL, asDigits);
}

function asDigits(numeral: string): string {
  if (numeral.length > LONGEST) return numeral;
  if ([...numeral].every((sign) => DIGITS.has(sign)))
    return [...numeral].map((sign) => DIGITS.get(sign)).join("");
  const value = valueOf(numeral);
  return value === null ? numeral : String(value);
}

function valueOf(numeral: string): number | null {
  let [total, last] = [0, 10_000];
  let digit: number | null = null;
  for (const sign of numeral) {
    const one = DIGITS.get(sign);
    if (one !== undefined) {
      if (digit) return null;
      digit = one;
      continue;
    }
    const times = TIMES.get(sign)!;
    if (times >= last || (digit === null && times > 10)) return null;
    [total, digit, last] = [total + (digit ?? 1) * times, null, times];
  }
  return total + (digit ?? 0);
}
