/** Honest time (protocol.md, section 4): what a phone's clocks are worth, in whole microseconds since 1970. */
const AGREEMENT = 120_000_000n;

/** A moment with its zone, to the microsecond. */
export function microseconds(text) {
  const [, upToSeconds, fraction = "", zone] = /^(.{19})(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/.exec(text);
  return BigInt(Date.parse(upToSeconds + zone)) * 1000n + BigInt(fraction.padEnd(6, "0").slice(0, 6));
}

/** A moment as the server writes it: UTC, microseconds, `Z`. */
export function momentText(at) {
  const rest = ((at % 1_000_000n) + 1_000_000n) % 1_000_000n;
  return `${new Date(Number((at - rest) / 1000n)).toISOString().slice(0, 19)}.${String(rest).padStart(6, "0")}Z`;
}

function least(one, other) {
  return one < other ? one : other;
}

/** The true time of an event, and how far it can be trusted. */
export function judge({ mutation, sent_at, received_at, exchanges }) {
  const received = microseconds(received_at);
  const corrected = microseconds(mutation.happened_at) + received - microseconds(sent_at);
  const exchange = mutation.boot === null ? undefined : exchanges[mutation.boot];
  if (!exchange || mutation.monotonic_ms === null) return { at: least(corrected, received), grade: "claimed" };
  const passed = BigInt(mutation.monotonic_ms - exchange.monotonic_ms) * 1000n;
  const at = least(microseconds(exchange.server_at) + passed, received);
  const apart = corrected > at ? corrected - at : at - corrected;
  return { at, grade: apart <= AGREEMENT ? "proven" : "moved" };
}

/** When an edit counts from: after every write it had seen. */
export function countsFrom(at, seen) {
  const floor = seen.map(microseconds).reduce((most, one) => (one > most ? one : most), -1n);
  return at > floor ? at : floor + 1n;
}
