/** Where the phone is, if it can say so soon; work never waits for it. */

export interface Fix {
  place: { type: "Point"; coordinates: [number, number] };
  accuracyM: number;
}

export function whereAmI(patienceMs = 6000): Promise<Fix | null> {
  return new Promise((resolve) => {
    if (!("geolocation" in navigator)) return resolve(null);
    const timer = window.setTimeout(() => resolve(null), patienceMs + 500);
    const answer = (fix: Fix | null): void => {
      window.clearTimeout(timer);
      resolve(fix);
    };
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        const coordinates: [number, number] = [coords.longitude, coords.latitude];
        answer({
          place: { type: "Point", coordinates },
          accuracyM: Math.min(Math.round(coords.accuracy), 100_000),
        });
      },
      () => answer(null),
      { enableHighAccuracy: true, timeout: patienceMs, maximumAge: 15_000 },
    );
  });
}

/** Metres between two places (a sphere is exact enough to say "you are 300 m away"). */
export function distanceM(a: readonly number[], b: readonly number[]): number {
  const rad = Math.PI / 180;
  const x = (b[0]! - a[0]!) * rad * Math.cos(((a[1]! + b[1]!) / 2) * rad);
  const y = (b[1]! - a[1]!) * rad;
  return Math.hypot(x, y) * 6_371_009;
}
