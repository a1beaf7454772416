/**
 * The phone's way to the server, which can be absent: the engine knows "no answer" from "an answer that says
 * no".
 */
import type { components } from "../api/schema.d.ts";

/** No answer came: nobody knows whether the request arrived. */
export class Offline extends Error {}

/** As the server tells it; where it told nothing readable, our own code alone. */
export type Problem = Partial<components["schemas"]["ProblemDocument"]> & { code: string };

/** The server answered with an error; `code` names it. */
export class Refused extends Error {
  readonly status: number;
  readonly problem: Problem;
  /** How long the server asks to be left alone, if it does. */
  readonly retryAfterS: number | null;

  constructor(status: number, problem: Problem, retryAfterS: number | null = null) {
    super(`${status} ${problem.code}`);
    this.status = status;
    this.problem = problem;
    this.retryAfterS = retryAfterS;
  }

  get code(): string {
    return this.problem.code;
  }
}

export interface Ask {
  token?: string | null;
  json?: unknown;
  text?: string;
  bytes?: BufferSource;
  headers?: Record<string, string>;
  timeoutMs?: number;
  signal?: AbortSignal;
}

export interface Link {
  send(method: string, path: string, ask?: Ask): Promise<Response>;
}

const PATIENCE_MS = 60_000;

/**
 * HTTP to `origin` ("" for the page's own). Any network failure, a gateway without a server behind it, or
 * silence is `Offline`.
 */
export function httpLink(origin = ""): Link {
  return {
    async send(method, path, ask = {}) {
      const response = await fetch(`${origin}/api/v1${path}`, request(method, ask)).catch(
        (error: unknown) => {
          throw new Offline(String(error));
        },
      );
      if (response.ok) return response;
      // The answer to a HEAD has no body, but 401 says enough.
      const problem = await problemOf(response);
      if (problem === null && [502, 503, 504].includes(response.status))
        throw new Offline(`${response.status}`);
      const after = Number(response.headers.get("Retry-After"));
      throw new Refused(
        response.status,
        problem ?? { code: response.status === 401 ? "not_signed_in" : "unreadable_answer" },
        after > 0 ? after : null,
      );
    },
  };
}

function request(method: string, ask: Ask): RequestInit {
  const headers: Record<string, string> = { ...ask.headers };
  if (ask.token) headers["Authorization"] = `Bearer ${ask.token}`;
  const body = ask.bytes ?? ask.text ?? (ask.json === undefined ? undefined : JSON.stringify(ask.json));
  if (body !== undefined && !headers["Content-Type"]) headers["Content-Type"] = "application/json";
  const patience = AbortSignal.timeout(ask.timeoutMs ?? PATIENCE_MS);
  const signal = ask.signal ? AbortSignal.any([patience, ask.signal]) : patience;
  return { method, headers, body: body as BodyInit | undefined, signal, cache: "no-store" };
}

async function problemOf(response: Response): Promise<Problem | null> {
  const found: unknown = await response.json().catch(() => null);
  return found && typeof found === "object" && "code" in found ? (found as Problem) : null;
}
