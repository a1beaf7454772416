/** What the server answers when a phone signs in, pulls and compares (mobile_api_spec/protocol.md). */
import type { Key } from "./canonical.ts";
import type { Line } from "./store.ts";

export interface Page {
  epoch: number;
  epochs: [number, string | null][];
  backed_up_through: string | null;
  cursor: string;
  more: boolean;
  complete: Record<string, boolean>;
  drops: string[];
  scopes: { scope: string; until: string | null }[];
  server_time: string;
  lines: Line[];
}

export interface Comparison extends Omit<Page, "more" | "complete" | "drops" | "lines"> {
  ask: Span[];
  repairs: (Span & { lines: Line[] })[];
}

export interface Span {
  after: Key | null;
  upto: Key | null;
}

export interface SignedIn {
  access_token: string;
  refresh_token: string;
  staff_id: string;
  unit_id: string;
  roles: string[];
  device_secret?: string | null;
}
