/** Telephone numbers by their digits, as the server reads them (backend/core/comparing/phones.py). */
import { comparable } from "../comparing.ts";

const ONLY_NUMBER = /^[+0-9()[\]./-]*$/;
const LABEL = /^(?:tel|phone|mobile|联系电话|电话|電話|手机|手機|座机)[:.]?(?=[+(0-9])/;
const EXTENSION = /(?:转|轉|分机|分機|内线|內線|extension|ext|x|#|\*)[:.-]?\d{1,6}$/;
const DASHED_EXTENSION = /^((?:(?:\+|00)?\d{1,3}-)?(?:\(?0?\d{2,3}\)?-?)?\d{7,8})-\d{1,5}$/;
const COUNTRY = /1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|\d{3}/;
const SEPARATORS = /[/,;、，；|\r\n]+|或|和|及/;
const RUN = /\+?\(?\d[\d()\s.\-\u2010-\u2015\u2212－（）]{3,}\d/g;
const LEAST_LOGIN = 10;
const LEAST_ABROAD = 7;
const LEAST_PART = 3;
const AREA = /^0?(?:(10|2[0-9])([2-8][0-9]{7})|([3-9][0-9]{2})([2-8][0-9]{6,7}))$/;
const AREA_WITH_0 = /^0(?:10[0-9]{8}|2[0-9]{9}|[3-9][0-9]{9,10})$/;

export function phoneDigits(typed: string): string {
  const form = comparable(typed).replace(LABEL, "").replace(EXTENSION, "").replace(DASHED_EXTENSION, "$1");
  return ONLY_NUMBER.test(form) ? national(form) : "";
}

/** What to look for among the digits of stored numbers: a whole number also without the 0 before its area. */
export function wantedDigits(typed: string): string {
  const digits = phoneDigits(typed);
  return digits.length >= LEAST_LOGIN - 1 ? digits.replace(/^0+/, "") : digits;
}

/** A landline's number without its area's code, as written at home; a phone does not know its own. */
export function withoutArea(typed: string): string {
  const [, , ofTwo, , ofThree] = AREA.exec(phoneDigits(typed)) ?? [];
  return ofTwo ?? ofThree ?? "";
}

/** The digits of every telephone number of a text. */
export function phonesIn(text: string): string[] {
  const found = [phoneDigits(text)];
  for (const piece of text.split(SEPARATORS)) {
    const digits = phoneDigits(piece);
    found.push(...(digits ? [digits] : (piece.match(RUN) ?? []).map(phoneDigits)));
  }
  return [...new Set(found)].filter(Boolean);
}

/** The one form of what somebody signs in by. */
export function loginForm(typed: string): string {
  const form = comparable(typed);
  if (!ONLY_NUMBER.test(form)) return form;
  const whole = national(form);
  const digits = AREA_WITH_0.test(whole) ? whole.slice(1) : whole;
  return digits.length >= (form.includes("+") ? LEAST_ABROAD : LEAST_LOGIN) ? digits : form;
}

function national(form: string): string {
  const isAbroad = ["+", "00", "(+"].some((one) => form.startsWith(one));
  const bare = (isAbroad ? form.replaceAll("(0)", "") : form).replace(/[()[\]./-]/g, "");
  const rest = abroad(bare);
  if (rest === null) return bare.replaceAll("+", "");
  const digits = rest.replace(COUNTRY, "").replaceAll("+", "").replace(/^0+/, "");
  return digits.length >= LEAST_PART ? digits : rest;
}

function abroad(bare: string): string | null {
  if (bare.startsWith("+")) return bare.replace(/^\++/, "");
  if (bare.startsWith("00") && bare.length >= LEAST_LOGIN + 1) return bare.slice(2);
  return bare.startsWith("86") && bare.length >= LEAST_LOGIN + 2 ? bare : null;
}
