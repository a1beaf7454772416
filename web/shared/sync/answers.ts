/** What the server answers when a phone signs in, pulls and compares (mobile_api_spec/protocol.md). */
import type { components } from "../api/schema.d.ts";
import type { Key } from "./canonical.ts";
import type { Line } from "./store.ts";

export type Page = components["schemas"]["PullPage"];

export interface Comparison extends Omit<Page, "more" | "complete" | "drops" | "lines"> {
  ask: Span[];
  repairs: (Span & { lines: Line[] })[];
}

export interface Span {
  after: Key | null;
  upto: Key | null;
}

export type SignedIn = components["schemas"]["SignedIn"];
