/**
 * "Pull now": the server's word that there is news, read as a stream because only a request can carry the
 * token.
 */

const NEWS = "event: pull";
const POLL_S = 30;
const AGAIN_S = 3;

/**
 * Read one stream to its end, calling at each nudge; resolves with the seconds after which to ask for the
 * next.
 */
export async function listenOnce(answer: Response, onNudge: () => void): Promise<number> {
  if (answer.status !== 200 || !answer.body) return Number(answer.headers.get("Retry-After")) || POLL_S;
  const reader = answer.body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const lines = (rest + decoder.decode(part.value, { stream: true })).split("\n");
    rest = lines.pop()!;
    if (lines.includes(NEWS)) onNudge();
  }
  return AGAIN_S;
}
