/**
 * The device's own key (ECDSA, P-256): made when it is registered, kept sealed with everything else, known to
 * the server by its public half.
 */
import type { Values } from "./canonical.ts";

const P256 = { name: "ECDSA", namedCurve: "P-256" };

export interface DeviceKey {
  own: JsonWebKey;
  public: string;
}

export async function newDeviceKey(): Promise<DeviceKey> {
  const pair = await crypto.subtle.generateKey(P256, true, ["sign", "verify"]);
  const spki = await crypto.subtle.exportKey("spki", pair.publicKey);
  return { own: await crypto.subtle.exportKey("jwk", pair.privateKey), public: base64(spki) };
}

/** The signature of a text: base64 of r and s, 32 bytes each. */
export async function signedBy(key: DeviceKey, text: string): Promise<string> {
  const own = await crypto.subtle.importKey("jwk", key.own, P256, false, ["sign"]);
  return base64(
    await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, own, new TextEncoder().encode(text)),
  );
}

/** A place as a statement names it: longitude and latitude with six decimals; nothing without one. */
export function placeText(place: unknown): string | null {
  const [lng, lat] = ((place as Values | undefined)?.["coordinates"] as number[] | undefined) ?? [];
  return lng === undefined || lat === undefined ? null : `${lng.toFixed(6)},${lat.toFixed(6)}`;
}

function base64(bytes: ArrayBuffer): string {
  return btoa(String.fromCharCode(...new Uint8Array(bytes)));
}
