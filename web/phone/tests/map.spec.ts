/** The map of my cells: what is drawn of the records here, where it stands, and where a tap leads. */
import "fake-indexeddb/auto";
import { afterAll, beforeEach, describe, expect, it, vi } from "vitest";

import type { Values } from "@wangge/shared/sync/canonical.ts";
import type { Engine } from "@wangge/shared/sync/engine.ts";

type Tell = (event: { features: { properties: Values }[] }) => void;
const drawn: Record<string, { features: { properties: Values }[] }> = {};
const taps: Record<string, Tell> = {};
const named: string[] = [];
let box: number[] | null;
let hasWebGl: boolean;
let isRemoved: boolean;

// The browser's WebGL is what a test has not; everything that is given to the map is looked at.
vi.mock("maplibre-gl", () => ({
  Map: class {
    constructor() {
      if (!hasWebGl) throw new Error("Failed to initialize WebGL");
    }
    isStyleLoaded = () => true;
    getSource = (name: string) => ({ setData: (data: never) => (drawn[name] = data) });
    on = (event: string, ...given: unknown[]) => {
      if (event === "load") (given[0] as () => void)();
      else taps[given[0] as string] = given[1] as Tell;
    };
    fitBounds = (found: number[]) => (box = found);
    remove = () => (isRemoved = true);
  },
  Marker: class {
    readonly element: HTMLElement;
    constructor({ element }: { element: HTMLElement }) {
      this.element = element;
    }
    setLngLat = ([lng, lat]: [number, number]) => {
      named.push(`${this.element.textContent} ${lng.toFixed(2)} ${lat.toFixed(2)}`);
      return this;
    };
    addTo = () => this;
    remove = () => undefined;
  },
  setWorkerUrl: () => undefined,
}));
// Files share their modules: this one begins with its own, and leaves none behind.
vi.resetModules();
afterAll(() => void vi.resetModules());
const { default: MapView } = await import("../src/views/Map.vue");
const { openedBy, settled, shown, stand } = await import("./phone_screen.ts");

const outline = (lng: number, lat: number): Values => ({
  type: "Polygon",
  coordinates: [
    [
      [lng, lat],
      [lng + 0.2, lat],
      [lng + 0.2, lat + 0.1],
      [lng, lat],
    ],
  ],
});
const point = (lng: number, lat: number): Values => ({ type: "Point", coordinates: [lng, lat] });
const of = (source: string): Values[] => drawn[source]!.features.map((one) => one.properties);

let phone: Engine;
beforeEach(async () => {
  ({ phone } = await openedBy("representative"));
  named.length = 0;
  [box, hasWebGl, isRemoved] = [null, true, false];
});

describe("the map", () => {
  it("draws my cells apart from others, names them, and stands over them", async () => {
    await stand(
      phone,
      "cell",
      { id: "c1", name: "一格", outline: outline(120.3, 36) },
      { id: "c2", name: "二格", outline: outline(121, 37) },
    );
    await shown(MapView);
    expect(of("cells")).toEqual([
      { id: "c1", name: "一格", mine: true },
      { id: "c2", name: "二格", mine: false },
    ]);
    expect(named).toEqual(["一格 120.40 36.05"]);
    expect(box).toEqual([120.3, 36, 120.5, 36.1]);
  });

  it("stands although a cell of mine has no outline any more, and names the others", async () => {
    await stand(
      phone,
      "cell",
      { id: "c1", name: "撤了的格" },
      { id: "c2", name: "二格", outline: outline(121, 37) },
    );
    await shown(MapView);
    expect(named).toEqual([]);
    expect(box).toEqual([121, 37, 121.2, 37.1]);
  });

  it("stands over the jobs where there are no cells, and nowhere where there is nothing", async () => {
    await shown(MapView);
    expect(box).toBeNull();
    await stand(phone, "work_order", { id: "j1", state: "dispatched", place: point(120.4, 36.1) });
    await shown(MapView);
    expect(box).toEqual([120.4, 36.1, 120.4, 36.1]);
  });

  it("draws open jobs with their urgency, and none that is over or nowhere", async () => {
    await stand(
      phone,
      "work_order",
      { id: "j1", state: "dispatched", urgency: "urgent", place: point(120.4, 36.1) },
      { id: "j2", state: "done", place: point(120.4, 36.1) },
      { id: "j3", state: "accepted" },
    );
    await shown(MapView);
    expect(of("jobs")).toEqual([{ id: "j1", urgency: "urgent" }]);
  });

  it("follows what comes afterwards", async () => {
    await shown(MapView);
    expect(of("customers")).toEqual([]);
    await stand(phone, "service_point", { id: "p1", customer_id: "k1", place: point(120.4, 36.1) });
    await settled(phone);
    expect(of("customers")).toEqual([{ id: "p1", customer: "k1" }]);
  });

  it("leads to what is tapped", async () => {
    const { router } = await shown(MapView);
    taps["jobs"]!({ features: [{ properties: { id: "j1" } }] });
    await vi.waitFor(() => expect(router.currentRoute.value.path).toBe("/jobs/j1"), 20_000);
    taps["customers"]!({ features: [{ properties: { customer: "k1" } }] });
    await vi.waitFor(() => expect(router.currentRoute.value.path).toBe("/customers/k1"), 20_000);
  });

  it("is put away with its page", async () => {
    const { page } = await shown(MapView);
    page.unmount();
    expect(isRemoved).toBe(true);
  });

  it.each([
    ["zh", "这台手机不能画地图，请用列表。"],
    ["en", "This phone cannot draw the map; use the lists."],
  ] as const)("that a phone cannot draw says so in %s", async (language, words) => {
    hasWebGl = false;
    const { page } = await shown(MapView, {}, language);
    expect(page.get("p.bad").text()).toBe(words);
    expect(page.find("[data-test=map]").exists()).toBe(false);
  });
});
