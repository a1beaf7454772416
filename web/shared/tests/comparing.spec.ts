/** Typed text as it is compared: width, case, numerals, telephone numbers, addresses, and finding by them. */
import { describe, expect, it } from "vitest";

import { comparable, folded, plain } from "../comparing.ts";
import { addressOf, agree, isShortFor, withShortArea } from "../comparing/addresses.ts";
import { found, keptOf, wantedOf } from "../comparing/finding.ts";
import { withDigits } from "../comparing/numerals.ts";
import { loginForm, phoneDigits, phonesIn, wantedDigits, withoutArea } from "../comparing/phones.ts";

describe("the form in which text is compared", () => {
  it.each([
    ["Ｕ３０１", "u301"],
    [" a\u200bb\u00a0c ", "abc"],
    ["STRASSE", "strasse"],
    ["Straße", "strasse"],
    ["ΣΊΣΥΦΟΣ", "σίσυφοσ"],
    ["a—b–c−d", "a-b-c-d"],
    ["٣٤", "34"],
    ["ﬁ", "fi"],
    ["", ""],
  ])("of %j is %j", (typed, form) => {
    expect(comparable(typed)).toBe(form);
    expect(comparable(form)).toBe(form);
  });

  it("for finding has no accents, strokes, and no traditional characters", () => {
    expect(folded("Åke Łódź Ørsted")).toBe("akelodzorsted");
    expect(folded("試驗")).toBe("试验");
    expect(folded("Æther œuvre Þor")).toBe("aetheroeuvrethor");
  });

  it("for finding has no brackets, dashes and signs of a sentence", () => {
    expect(plain("王（小一）、A-1。")).toBe("王小一a1");
    expect(plain("“！？…”")).toBe(plain("…"));
  });
});

describe("Chinese numerals", () => {
  it.each([
    ["三", "3"],
    ["十", "10"],
    ["十二", "12"],
    ["二十", "20"],
    ["二百零三", "203"],
    ["一千零一十", "1010"],
    ["三〇二", "302"],
    ["贰拾", "20"],
    ["第三号", "第3号"],
    // None that is counted so.
    ["百", "百"],
    ["二三十", "二三十"],
    ["十百", "十百"],
    ["一二三四五六七八九一", "一二三四五六七八九一"],
  ])("%s is %s", (typed, digits) => {
    expect(withDigits(typed)).toBe(digits);
  });
});

describe("telephone numbers", () => {
  it.each([
    ["139-0000-0001", "13900000001"],
    ["+86 139 0000 0001", "13900000001"],
    ["0086-13900000001", "13900000001"],
    ["(0532) 8888 0002", "053288880002"],
    ["电话：0532-88880002转8003", "053288880002"],
    ["88880002-12", "88880002"],
    ["+49 (0)30 123456", "30123456"],
    ["王小一", ""],
    ["", ""],
  ])("%j is %j", (typed, digits) => {
    expect(phoneDigits(typed)).toBe(digits);
  });

  it("are found without the 0 before their area, and without the area", () => {
    expect(wantedDigits("0532-88880002")).toBe("53288880002");
    expect(wantedDigits("0532")).toBe("0532");
    expect(withoutArea("0532-88880002")).toBe("88880002");
    expect(withoutArea("010-88880002")).toBe("88880002");
    expect(withoutArea("13900000001")).toBe("");
  });

  it("of a text are all of them, each once", () => {
    expect(phonesIn("13900000001/0532-88880002")).toEqual(
      expect.arrayContaining(["13900000001", "053288880002"]),
    );
    expect(phonesIn("打 13900000001 或 13900000001")).toEqual(["13900000001"]);
    expect(phonesIn("没有")).toEqual([]);
  });

  it.each([
    [" U 301 ", "u301"],
    ["+86 13900000001", "13900000001"],
    ["053288880002", "53288880002"],
    ["301", "301"],
    ["+86 301", "+86301"],
  ])("sign in as one login: %j", (typed, login) => {
    expect(loginForm(typed)).toBe(login);
  });
});

describe("addresses", () => {
  it.each([
    ["青岛市市南区试验路12号3单元401室", ["", "青岛市", "市南区", ""]],
    ["山东省青岛市崂山区沙子口街道试验路1号", ["山东省", "青岛市", "崂山区", "沙子口街道"]],
    ["试验路12号", ["", "", "", ""]],
    ["社区路5号", ["", "", "", ""]],
    ["北京路7号", ["", "", "", ""]],
  ])("%s lies in %j", (typed, areas) => {
    expect(addressOf(typed).areas).toEqual(areas);
  });

  it.each([
    ["试验路12号3单元401室", "试验路十二号三单元401"],
    ["试验路１２号", "试验路012号"],
    ["试验路12号401", "试验路12号四楼401"],
    ["试验路no.12", "试验路12"],
  ])("%s and %s are the same door", (one, other) => {
    expect(addressOf(one).door).toBe(addressOf(other).door);
  });

  it.each([
    ["试验路12号", "试验路120号"],
    ["试验路1号23", "试验路12号3"],
    ["试验路12号", "实验路12号"],
  ])("%s and %s are not", (one, other) => {
    expect(addressOf(one).door).not.toBe(addressOf(other).door);
  });

  it("count their numbers by what they count", () => {
    expect(addressOf("试验路12号3号楼2单元401室").counts).toBe("NBUR");
    expect(addressOf("试验路12").counts).toBe("O");
  });

  it("agree where their areas do not contradict each other", () => {
    const areas = (typed: string): string[] => addressOf(typed).areas;
    expect(agree(areas("青岛市市南区试验路1号"), areas("市南区试验路1号"))).toBe(true);
    expect(agree(areas("试验路1号"), areas("市南区试验路1号"))).toBe(true);
    expect(agree(areas("市北区试验路1号"), areas("市南区试验路1号"))).toBe(false);
  });

  it("may begin with an area that is cut short", () => {
    const [names] = [withShortArea(addressOf("市北试验路1号")).map(([name]) => name)];
    expect(names).toEqual(["市", "市北", "市北试"]);
    expect(isShortFor("市北", ["", "青岛市", "市北区", ""])).toBe(true);
    expect(isShortFor("市南", ["", "青岛市", "市北区", ""])).toBe(false);
    expect(withShortArea(addressOf("市北"))).toEqual([]);
  });
});

describe("finding in a list", () => {
  const list = [
    { name: "王小一", number: "20001", phone: "13900000001", address: "青岛市市南区试验路12号3单元401室" },
    { name: "小王", number: "20010", phone: "0532-88880002", address: "市北区试验路1号" },
    { name: "欧阳明", number: "30001", phone: null, address: null },
  ];
  const by = (typed: string): string[] =>
    found(typed, list, (one) =>
      keptOf({ texts: [one.name, one.number], phones: [one.phone], addresses: [one.address] }),
    ).map((one) => one.name);

  it.each([
    ["", ["王小一", "小王", "欧阳明"]],
    ["   ", ["王小一", "小王", "欧阳明"]],
    ["。。。", []],
    ["户号20001", ["王小一"]],
    ["20001", ["王小一"]],
    ["2000", ["王小一"]],
    ["王先生", ["王小一", "小王"]],
    ["老欧", ["欧阳明"]],
    ["88880002", ["小王"]],
    ["053288880002", ["小王"]],
    ["139 0000 0001", ["王小一"]],
    ["试验路12号", ["王小一"]],
    ["市南区试验路12号", ["王小一"]],
    ["市北区试验路12号", []],
    ["市北试验路1号", ["小王"]],
    ["王小一 试验路12号", ["王小一"]],
    ["王小一 试验路1号", []],
    ["明，30001", ["欧阳明"]],
    ["nobody", []],
  ])("%j finds %j", (typed, names) => {
    expect(by(typed)).toEqual(names);
  });

  it("looks for at most eight words, and for none of a telephone number's parts", () => {
    expect(wantedOf("a1 b2 c3 d4 e5 f6 g7 h8 i9 j10").words).toHaveLength(8);
    expect(wantedOf("139 0000 0001").words).toEqual([]);
    expect(wantedOf("户号").words).toEqual([]);
  });
});
