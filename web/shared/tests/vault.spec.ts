/** What a guess at a PIN costs: as much as what is current for PBKDF2 with SHA-256 (OWASP, 2023). */
import { afterEach, describe, expect, it, vi } from "vitest";

import { newKey, unwrapKey, wrapKey } from "../sync/vault.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

describe("a key that a PIN opens", () => {
  it("asks for 600,000 rounds, to close and to open", async () => {
    const derive = vi.spyOn(crypto.subtle, "deriveKey");
    const key = await newKey();
    const wrapped = await wrapKey(key, "246813");
    expect((await unwrapKey(wrapped, "246813")).algorithm).toEqual(key.algorithm);
    const rounds = derive.mock.calls.map(([how]) => (how as Pbkdf2Params).iterations);
    expect(rounds).toEqual([600_000, 600_000]);
  });

  it("opens with no other", async () => {
    const wrapped = await wrapKey(await newKey(), "246813");
    await expect(unwrapKey(wrapped, "246814")).rejects.toThrow();
  });
});
