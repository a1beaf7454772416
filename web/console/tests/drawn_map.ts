/** What a map is given and told, in the place of the library that needs a browser's WebGL. */
type Tell = (event: unknown) => unknown;
type Data = { features: { geometry: unknown; properties: Record<string, unknown> }[] };

export class PretendedMap {
  readonly data: Record<string, Data> = {};
  readonly boxes: number[][] = [];
  readonly pans: [number, number][] = [];
  readonly loads: [unknown, number][] = [];
  readonly told: Record<string, Tell> = {};
  /** What lies under a click. */
  hit: { properties: Record<string, unknown> }[] = [];
  view = { contains: (): boolean => true };
  isRemoved = false;

  constructor() {
    if (!world.hasWebGl) throw new Error("Failed to initialize WebGL");
    world.maps.push(this);
  }
  on = (event: string, tell: Tell): Tell => (this.told[event] = tell);
  once = (): Promise<void> => Promise.resolve();
  getSource(name: string) {
    // As the library does: what was removed has no style to ask.
    if (this.isRemoved) throw new TypeError("Cannot read properties of undefined (reading 'getSource')");
    return { setData: (data: Data) => (this.data[name] = data) };
  }
  fitBounds = (box: number[]): unknown => this.boxes.push(box);
  panTo = (place: [number, number]): unknown => this.pans.push(place);
  getBounds = () => this.view;
  queryRenderedFeatures = () => this.hit;
  setFeatureState = ({ id }: { id: unknown }, { load }: { load: number }): unknown =>
    this.loads.push([id, load]);
  remove = (): boolean => (this.isRemoved = true);
}

export class PretendedMarker {
  readonly element: HTMLElement | undefined;
  place: [number, number] | null = null;

  constructor({ element }: { element?: HTMLElement }) {
    this.element = element;
    world.markers.push(this);
  }
  setLngLat(place: [number, number]) {
    this.place = place;
    return this;
  }
  addTo = () => this;
  remove(): void {
    world.markers.splice(world.markers.indexOf(this), 1);
  }
}

/** All maps that were opened, and the markers that stand. */
export const world = {
  hasWebGl: true,
  maps: [] as PretendedMap[],
  markers: [] as PretendedMarker[],
  fresh(): void {
    Object.assign(this, { hasWebGl: true, maps: [], markers: [] });
  },
};

export const library = { Map: PretendedMap, Marker: PretendedMarker, setWorkerUrl: () => undefined };
