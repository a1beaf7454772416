/**
 * Data at rest is encrypted: AES-GCM under a random key, which is itself wrapped by the person's PIN (PBKDF2,
 * SHA-256).
 *
 * A wrong PIN is an `OperationError` from WebCrypto. The PIN is short; what protects a lost phone is that its
 * session is revoked and wiped at the next contact, and that each guess costs `ROUNDS`.
 */
import type { Disk, Row } from "./disk.ts";

const ROUNDS = 600_000;

export interface Wrapped {
  salt: Uint8Array<ArrayBuffer>;
  iv: Uint8Array<ArrayBuffer>;
  key: ArrayBuffer;
}

interface Sealed {
  iv: Uint8Array<ArrayBuffer>;
  data: ArrayBuffer;
}

export async function newKey(): Promise<CryptoKey> {
  return crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, true, ["encrypt", "decrypt"]);
}

export async function wrapKey(key: CryptoKey, pin: string): Promise<Wrapped> {
  const salt = random(16);
  const iv = random(12);
  const wrapped = await crypto.subtle.wrapKey("raw", key, await fromPin(pin, salt), { name: "AES-GCM", iv });
  return { salt, iv, key: wrapped };
}

export async function unwrapKey(wrapped: Wrapped, pin: string): Promise<CryptoKey> {
  const by = { name: "AES-GCM", iv: wrapped.iv };
  const use: KeyUsage[] = ["encrypt", "decrypt"];
  return crypto.subtle.unwrapKey(
    "raw",
    wrapped.key,
    await fromPin(pin, wrapped.salt),
    by,
    "AES-GCM",
    true,
    use,
  );
}

/**
 * A third way to the key, for who has forgotten both PIN and password: half of what opens it stays here, the
 * other half is the server's, which gives it back to this phone alone, after somebody approved
 * (decision 0016).
 */
export interface Recovery extends Omit<Wrapped, "salt"> {
  id: string;
  own: Uint8Array<ArrayBuffer>;
  /** By it this phone proves to be itself while nobody is signed in. */
  proof: string;
}

/** What stays here, and the server's half, which is kept nowhere else. */
export async function newRecovery(
  key: CryptoKey,
  id: string,
): Promise<{ recovery: Recovery; half: Uint8Array<ArrayBuffer> }> {
  const [own, half, iv] = [random(32), random(32), random(12)];
  const wrapped = await crypto.subtle.wrapKey("raw", key, await fromHalves(own, half), {
    name: "AES-GCM",
    iv,
  });
  const proof = btoa(String.fromCharCode(...random(32)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");
  return { recovery: { id, own, iv, key: wrapped, proof }, half };
}

/** Rejects with `OperationError` where the half is another's. */
export async function recoveredKey(recovery: Recovery, half: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  const by = { name: "AES-GCM", iv: recovery.iv };
  const use: KeyUsage[] = ["encrypt", "decrypt"];
  const both = await fromHalves(recovery.own, half);
  return crypto.subtle.unwrapKey("raw", recovery.key, both, by, "AES-GCM", true, use);
}

async function fromHalves(own: Uint8Array<ArrayBuffer>, half: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  const both = await crypto.subtle.importKey("raw", new Uint8Array([...own, ...half]), "HKDF", false, [
    "deriveKey",
  ]);
  const info = new TextEncoder().encode("wangge phone store");
  const how = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(32), info };
  return crypto.subtle.deriveKey(how, both, { name: "AES-GCM", length: 256 }, false, [
    "wrapKey",
    "unwrapKey",
  ]);
}

async function fromPin(pin: string, salt: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  const secret = await crypto.subtle.importKey("raw", new TextEncoder().encode(pin), "PBKDF2", false, [
    "deriveKey",
  ]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt, iterations: ROUNDS };
  return crypto.subtle.deriveKey(how, secret, { name: "AES-GCM", length: 256 }, false, [
    "wrapKey",
    "unwrapKey",
  ]);
}

function random(length: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(length));
}

/** A disk whose values are sealed; keys (kinds and ids) stay readable, they say nothing about anybody. */
export function sealedDisk(disk: Disk, key: CryptoKey): Disk {
  const open = async (row: Row): Promise<Row> => ({
    key: row.key,
    value: await unseal(key, row.value as Sealed),
  });
  return {
    ...disk,
    load: async () => Promise.all((await disk.load()).map(open)),
    read: async (name) => {
      const found = await disk.read(name);
      return found === undefined ? undefined : unseal(key, found as Sealed);
    },
    commit: async (puts, removals) => {
      const rows = await Promise.all(
        puts.map(async (row) => ({ key: row.key, value: await seal(key, row.value) })),
      );
      await disk.commit(rows, removals);
    },
  };
}

async function seal(key: CryptoKey, value: unknown): Promise<Sealed> {
  const iv = random(12);
  const plain = value instanceof ArrayBuffer ? value : new TextEncoder().encode(JSON.stringify(value));
  const head = new Uint8Array(1 + plain.byteLength);
  head[0] = value instanceof ArrayBuffer ? 1 : 0;
  head.set(new Uint8Array(plain as ArrayBuffer), 1);
  return { iv, data: await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, head) };
}

async function unseal(key: CryptoKey, sealed: Sealed): Promise<unknown> {
  const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv: sealed.iv }, key, sealed.data);
  if (new Uint8Array(plain, 0, 1)[0] === 1) return plain.slice(1);
  return JSON.parse(new TextDecoder().decode(new Uint8Array(plain, 1)));
}
