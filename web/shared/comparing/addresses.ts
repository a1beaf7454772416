/** Addresses as they are compared, as the server reads them (backend/core/comparing/addresses.py). */
import { folded } from "../comparing.ts";
import { withDigits } from "./numerals.ts";

export interface Address {
  areas: string[];
  door: string;
  counts: string;
}

const NAME = "[^省市区县路街道巷弄号0-9a-z,.|;]";
const NO_STREET = "(?![路街道巷]|大街|大道)";
const IS_CITY = `${NO_STREET}(?![场民政立])`;
const NO_DISTRICT = "(?![小社园校厂院景片库宅属营活业])";
const AREAS = new RegExp(
  `^(?:中华人民共和国|中国)?(${NAME}{2,8}?(?:省|自治区|特别行政区))?` +
    `((?!市)${NAME}{2,9}?(?:市${IS_CITY}|自治州|地区))?` +
    `(市?${NAME}{0,8}?(?:${NO_DISTRICT}${NAME}区|${NAME}(?:县|旗(?![舰帜])|市${IS_CITY}))${NO_STREET})?` +
    `([^0-9a-z区县,.|;]{1,9}?街道(?:办事处)?|${NAME}{1,7}?[镇乡]${NO_STREET})?`,
  "u",
);
const OPENING = /^[([【<]+/;
const BETWEEN_AREAS = /([省市区县旗镇乡道])[\])】>,.;、·/-]+/g;
const COUNTS: Record<string, string[]> = {
  N: ["号院", "号"],
  B: ["号楼", "#楼", "栋", "幢", "座"],
  U: ["单元", "门"],
  F: ["层"],
  R: ["号房", "号室", "室", "户", "房间", "房"],
  O: ["楼", "#"],
};
const UNITS = new Map(
  Object.entries(COUNTS).flatMap(([sign, units]) => units.map((unit) => [unit, sign] as const)),
);
const UNIT = [...UNITS.keys()]
  .sort((a, b) => b.length - a.length)
  .join("|")
  .replace("号院", "号院(?=[0-9])");
// Before a number that says its floor; folded forms hold no capital letters.
const ROOM = "R";
const TOKEN = new RegExp(
  `([a-z]{2,})|(${ROOM}?)([0-9]+|[a-z])(${UNIT})?|([\\p{L}\\p{N}]|[%_\\\\*&@+])`,
  "gu",
);
const UNKNOWN = "O";
const SHORTEST_NAMES = [1, 2, 3, 4];

export function addressOf(typed: string): Address {
  const form = folded(typed).replace(OPENING, "").replace(BETWEEN_AREAS, "$1");
  const found = AREAS.exec(form)!;
  return { areas: [1, 2, 3, 4].map((n) => found[n] ?? ""), ...doorOf(form.slice(found[0].length)) };
}

export const hasNumber = (address: Address): boolean => /[0-9]/.test(address.door);
export const lineOf = ({ areas, door, counts }: Address): string => [areas.join(";"), door, counts].join("|");

/** What an address may mean whose first characters name an area without saying which kind it is: 市北试验路1号. */
export function withShortArea(address: Address): [string, Address][] {
  const { door } = address;
  const fits = (most: number): boolean =>
    hasNumber(address) && door.length > most + 1 && !door.slice(0, most + 2).includes(" ");
  return SHORTEST_NAMES.filter(fits).map((most) => [
    door.slice(0, most),
    { ...address, door: door.slice(most) },
  ]);
}

export const isShortFor = (name: string, areas: string[]): boolean =>
  areas.some((one) => one !== "" && one.slice(0, -1).endsWith(name));

/** Whether two addresses' areas do not contradict each other. */
export function agree(some: string[], others: string[]): boolean {
  return some.every(
    (one, n) =>
      !one || !others[n] || isSame(one, others[n]!) || isAmong(one, others) || isAmong(others[n]!, some),
  );
}

const isAmong = (name: string, areas: string[]): boolean =>
  areas.some((one) => one !== "" && isSame(name, one));
const isSame = (one: string, other: string): boolean => one.endsWith(other) || other.endsWith(one);

function doorOf(form: string): { door: string; counts: string } {
  let [door, counts] = ["", ""];
  const numbered = withDigits(form).replace(/([a-z]+)\.?(?=[0-9])/g, (all, word: string) =>
    word === "no" ? "" : all,
  );
  const withoutFloor = numbered.replace(/([0-9]+)[楼层](?=([0-9]+))/g, (all, floor: string, room: string) =>
    room.startsWith(floor) && room.length === floor.length + 2 ? ROOM : all,
  );
  for (const [, word, room, number, unit, sign] of withoutFloor.matchAll(TOKEN)) {
    door += number
      ? ` ${/^[0-9]/.test(number) ? number.replace(/^0+/, "") || "0" : number} `
      : (word ?? sign);
    counts += number ? room || (UNITS.get(unit ?? "") ?? UNKNOWN) : "";
  }
  return { door: door.replace(/ +/g, " "), counts };
}
