/**
 * A map that needs nobody's tiles: cells, jobs, customers and crews drawn from our own records; null without
 * WebGL.
 */
import "maplibre-gl/dist/maplibre-gl.css";

import type { FeatureCollection, Geometry } from "geojson";
import { type GeoJSONSource, Map as Board, Marker, setWorkerUrl, type StyleSpecification } from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";

import { installed } from "../installation.ts";

setWorkerUrl(workerUrl);

export const NOTHING: FeatureCollection = { type: "FeatureCollection", features: [] };
export type Bounds = [west: number, south: number, east: number, north: number];

/** A point of the contract as the map library takes one. */
export const lngLat = (point: { coordinates: number[] }): [number, number] =>
  point.coordinates as [number, number];

/** Vector tiles of our own server, which wants to know who asks. */
export interface Tiles {
  urls?: Record<string, string>;
  token?: () => string;
}

const PAPER = "#eef2f5";

export function openBoard(
  container: HTMLElement,
  title: string,
  layers: StyleSpecification["layers"],
  sources: string[],
  tiles: Tiles = {},
): Board | null {
  const data = Object.fromEntries(
    sources.map((name) => [name, { type: "geojson" as const, data: NOTHING, promoteId: "id" }]),
  );
  const vector = Object.fromEntries(
    Object.entries(tiles.urls ?? {}).map(([name, url]) => [
      name,
      { type: "vector" as const, tiles: [url], minzoom: 0, maxzoom: 16, promoteId: "id" },
    ]),
  );
  const transformRequest = (url: string): { url: string; headers?: Record<string, string> } =>
    url.includes("/api/v1/") && tiles.token
      ? { url, headers: { Authorization: `Bearer ${tiles.token()}` } }
      : { url };
  const style: StyleSpecification = {
    version: 8,
    sources: { ...data, ...vector },
    layers: [{ id: "paper", type: "background", paint: { "background-color": PAPER } }, ...layers],
  };
  const view = installed().first_view;
  try {
    return new Board({
      transformRequest,
      container,
      style,
      center: view ? [view.lng, view.lat] : [0, 20],
      zoom: view?.zoom ?? 1,
      attributionControl: false,
      fadeDuration: navigator.webdriver ? 0 : 200,
      locale: { "Map.Title": title },
      dragRotate: false,
      pitchWithRotate: false,
    });
  } catch {
    return null;
  }
}

/** Features of which some may have no shape, as a cell that a plan ends. */
export type Shapes = FeatureCollection<Geometry | null>;

export function setData(board: Board, source: string, data: Shapes): void {
  (board.getSource(source) as GeoJSONSource | undefined)?.setData(data as FeatureCollection);
}

/** A line in the making: its way and its corners. */
export function drawn(points: [number, number][]): FeatureCollection {
  const path =
    points.length > 1
      ? [
          {
            type: "Feature" as const,
            geometry: { type: "LineString" as const, coordinates: points },
            properties: {},
          },
        ]
      : [];
  const corners = points.map((one) => ({
    type: "Feature" as const,
    geometry: { type: "Point" as const, coordinates: one },
    properties: {},
  }));
  return { type: "FeatureCollection", features: [...path, ...corners] };
}

export const DRAWN_LAYERS: StyleSpecification["layers"] = [
  { id: "line", type: "line", source: "line", paint: { "line-color": "#b3261e", "line-width": 3 } },
  {
    id: "dots",
    type: "circle",
    source: "line",
    filter: ["==", ["geometry-type"], "Point"],
    paint: { "circle-radius": 5, "circle-color": "#b3261e" },
  },
];

/** The smallest box around every coordinate; null for nothing. */
export function boundsOf(...collections: Shapes[]): Bounds | null {
  const box: Bounds = [180, 90, -180, -90];
  const walk = (part: unknown): void => {
    if (!Array.isArray(part)) return;
    if (typeof part[0] === "number") {
      const [lng, lat] = part as [number, number];
      box[0] = Math.min(box[0], lng);
      box[1] = Math.min(box[1], lat);
      box[2] = Math.max(box[2], lng);
      box[3] = Math.max(box[3], lat);
    } else part.forEach(walk);
  };
  for (const one of collections)
    for (const feature of one.features)
      if (feature.geometry && "coordinates" in feature.geometry) walk(feature.geometry.coordinates);
  return box[0] <= box[2] ? box : null;
}

export { Board, Marker };
export type { FeatureCollection };
