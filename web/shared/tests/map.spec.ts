/** The map's data: boxes round what is shown, lines in the making, who asks for tiles. */
import { afterAll, beforeEach, describe, expect, it, vi } from "vitest";

const opened: Record<string, unknown>[] = [];
let hasWebGl = true;

vi.mock("maplibre-gl", () => ({
  Map: class {
    constructor(options: Record<string, unknown>) {
      if (!hasWebGl) throw new Error("Failed to initialize WebGL");
      opened.push(options);
    }
  },
  Marker: class {},
  setWorkerUrl: () => undefined,
}));
// Files share their modules: this one begins with its own, and leaves none behind.
vi.resetModules();
afterAll(() => void vi.resetModules());
const { boundsOf, drawn, NOTHING, openBoard, setData } = await import("../map/board.ts");

const at = (geometry: unknown) =>
  ({ type: "FeatureCollection", features: [{ type: "Feature", geometry, properties: {} }] }) as never;

beforeEach(() => {
  opened.length = 0;
  hasWebGl = true;
});

describe("the box round what is shown", () => {
  it.each([
    ["nothing", [NOTHING], null],
    ["no collection", [], null],
    ["a point", [at({ type: "Point", coordinates: [120.4, 36.1] })], [120.4, 36.1, 120.4, 36.1]],
    [
      "another hemisphere",
      [at({ type: "Point", coordinates: [-70.6, -33.4] })],
      [-70.6, -33.4, -70.6, -33.4],
    ],
    [
      "polygons with holes",
      [
        at({
          type: "MultiPolygon",
          coordinates: [
            [
              [
                [120, 36],
                [121, 36],
                [121, 37],
                [120, 36],
              ],
              [
                [120.2, 36.2],
                [120.3, 36.2],
                [120.3, 36.3],
                [120.2, 36.2],
              ],
            ],
            [
              [
                [119, 35],
                [119.5, 35],
                [119.5, 35.5],
                [119, 35],
              ],
            ],
          ],
        }),
      ],
      [119, 35, 121, 37],
    ],
    [
      "several collections",
      [at({ type: "Point", coordinates: [120, 36] }), NOTHING, at({ type: "Point", coordinates: [121, 35] })],
      [120, 35, 121, 36],
    ],
    ["a feature without a place", [at(null)], null],
  ])("of %s", (_, collections, box) => {
    expect(boundsOf(...(collections as never[]))).toEqual(box);
  });
});

describe("a line in the making", () => {
  it("has corners at once and a way from the second on", () => {
    const types = (points: [number, number][]): string[] =>
      drawn(points).features.map((one) => one.geometry.type);
    expect(types([])).toEqual([]);
    expect(types([[1, 2]])).toEqual(["Point"]);
    expect(
      types([
        [1, 2],
        [3, 4],
      ]),
    ).toEqual(["LineString", "Point", "Point"]);
  });
});

describe("a map", () => {
  interface Options {
    style: { sources: Record<string, { type: string }>; layers: { id: string }[] };
    transformRequest: (url: string) => unknown;
    locale: Record<string, string>;
  }
  const open = (tiles = {}): Options => {
    openBoard(
      document.createElement("div"),
      "网格",
      [{ id: "cells", type: "fill", source: "cells" }],
      ["cells"],
      tiles,
    );
    return opened[0] as unknown as Options;
  };

  it("draws paper below everything and has a source for each name", () => {
    const { style, locale } = open({ urls: { points: "/api/v1/tiles/{z}/{x}/{y}" } });
    expect(style.layers.map((one) => one.id)).toEqual(["paper", "cells"]);
    expect(Object.entries(style.sources).map(([name, one]) => [name, one.type])).toEqual([
      ["cells", "geojson"],
      ["points", "vector"],
    ]);
    expect(locale["Map.Title"]).toBe("网格");
  });

  it("tells our own server who asks, with the token of that moment, and nobody else", () => {
    let token = "one";
    const { transformRequest } = open({ token: () => token });
    token = "two";
    const url = "https://here/api/v1/tiles/1/2/3";
    expect(transformRequest(url)).toEqual({ url, headers: { Authorization: "Bearer two" } });
    expect(transformRequest("https://127.0.0.1:9/x")).toEqual({ url: "https://127.0.0.1:9/x" });
  });

  it("asks without a token where nobody is signed in", () => {
    const url = "https://here/api/v1/tiles/1/2/3";
    expect(open().transformRequest(url)).toEqual({ url });
  });

  it("is none where the computer cannot draw one", () => {
    hasWebGl = false;
    expect(openBoard(document.createElement("div"), "x", [], [])).toBeNull();
  });

  it("takes new data for the sources that it has", () => {
    const taken = vi.fn();
    const board = {
      getSource: (name: string) => (name === "cells" ? { setData: taken } : undefined),
    } as never;
    setData(board, "cells", NOTHING);
    setData(board, "gone", NOTHING);
    expect(taken.mock.calls).toEqual([[NOTHING]]);
  });
});
