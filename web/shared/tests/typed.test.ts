/**
 * What a person types finds the same in the phone's list as on the server: the cases of
 * mobile_api_spec/finding.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { comparable, plain } from "../comparing.ts";
import { addressOf } from "../comparing/addresses.ts";
import { found, keptOf } from "../comparing/finding.ts";
import { loginForm, phoneDigits } from "../comparing/phones.ts";

interface Form {
  typed: string;
  comparable: string;
  plain: string;
  phone: string;
  login: string;
  areas: string[];
  door: string;
  counts: string;
}
interface Customer {
  id: string;
  number: string;
  name: string;
  contact_name: string | null;
  phone: string | null;
  pinyin: string;
  addresses: string[];
  meters: (string | null)[];
}

const path = new URL("../../../mobile_api_spec/finding/typed.json", import.meta.url);
const cases = JSON.parse(readFileSync(path, "utf-8")) as {
  forms: Form[];
  customers: Customer[];
  found: { typed: string; ids: string[] }[];
};

test("typed text comes to the same forms as on the server", () => {
  for (const one of cases.forms) {
    const { typed } = one;
    const ours = {
      typed,
      comparable: comparable(typed),
      plain: plain(typed),
      phone: phoneDigits(typed),
      login: loginForm(typed),
      ...addressOf(typed),
    };
    assert.deepEqual(ours, { ...one }, typed);
  }
});

test("a list of customers finds whom the server finds", () => {
  const kept = (one: Customer) =>
    keptOf({
      texts: [one.name, one.number, one.contact_name, ...one.meters],
      phones: [one.phone],
      addresses: one.addresses,
      read: [one.pinyin],
    });
  for (const { typed, ids } of cases.found)
    assert.deepEqual(
      found(typed, cases.customers, kept).map((one) => one.id),
      ids,
      typed,
    );
  assert.equal(
    found("  ", cases.customers, kept).length,
    cases.customers.length,
    "nothing typed is no search",
  );
});
