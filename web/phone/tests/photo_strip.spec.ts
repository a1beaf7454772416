/** The pictures of a record: taken, shown from the phone or the server, refused one by one, kept whole. */
import "fake-indexeddb/auto";
import { flushPromises } from "@vue/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Engine } from "@wangge/shared/sync/engine.ts";
import { Refused } from "@wangge/shared/sync/link.ts";
import { errorWords } from "@wangge/shared/vocabulary/words.ts";

import { shot } from "../../shared/tests/small_server.ts";
import { engine } from "../src/session.ts";
import PhotoStrip from "../src/parts/PhotoStrip.vue";
import { canvasThatDraws, choose, jpegFile } from "./browser_edge.ts";
import {
  type HouseServer,
  kept,
  openedBy,
  type Page,
  satellite,
  settled,
  shown,
  texts,
  toast,
} from "./phone_screen.ts";

let phone: Engine;
let server: HouseServer;
let written: string[];
beforeEach(async () => {
  ({ phone, server } = await openedBy("representative"));
  written = canvasThatDraws();
  vi.stubGlobal("createImageBitmap", () =>
    Promise.resolve({ width: 160, height: 90, close: () => undefined }),
  );
  satellite([120.38, 36.07]);
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const strip = async (props: object = {}, language: "zh" | "en" = "zh") => {
  const of = { kind: "visit", id: "v1", cellId: "c1" };
  const all = { of, purpose: "site", ids: [], caption: "王小一", ...props };
  return (await shown(PhotoStrip, all, language)).page;
};
const taken = (page: Page): string[] => ((page.emitted("taken") ?? []) as [string][]).map(([id]) => id);
async function take(page: Page, ...files: File[]): Promise<void> {
  await choose(page.get("input[type=file]"), ...files);
  await vi.waitFor(() => expect(page.get("input[type=file]").attributes("disabled")).toBeUndefined(), 20_000);
  await settled(phone);
}

describe("a picture that is taken", () => {
  it("is kept with its record, its place and its caption burnt in", async () => {
    const page = await strip();
    await take(page, jpegFile("one"));
    const [photo] = kept(phone, "photo");
    expect(taken(page)).toEqual([photo!.record]);
    expect(photo!.now).toMatchObject({
      of_kind: "visit",
      of_id: "v1",
      purpose: "site",
      cell_id: "c1",
      accuracy_m: 12,
      media_type: "image/jpeg",
    });
    expect(written).toEqual(["120.38000, 36.07000  王小一"]);
    expect(new TextDecoder().decode(await phone.store.photoBytes(photo!.record))).toBe("JPEG");
  });

  it("needs no satellite", async () => {
    satellite(null);
    const page = await strip();
    await take(page, jpegFile("one"));
    expect(kept(phone, "photo")[0]!.now).not.toHaveProperty("place");
    expect(written).toEqual(["王小一"]);
  });

  it("comes with others, and none is lost for one that is no picture", async () => {
    let n = 0;
    vi.stubGlobal("createImageBitmap", () =>
      (n += 1) === 2
        ? Promise.reject(new DOMException("broken", "InvalidStateError"))
        : Promise.resolve({ width: 160, height: 90, close: () => undefined }),
    );
    const page = await strip();
    await take(page, jpegFile("one"), new File(["text"], "a.txt"), jpegFile("three"));
    expect(taken(page)).toHaveLength(2);
    expect(toast()).toContain(errorWords("photo_broken", "zh")!.what);
  });

  it("that is empty is said in the language of the phone", async () => {
    const page = await strip({}, "en");
    await take(page, new File([], "empty.jpg"));
    expect(taken(page)).toEqual([]);
    expect(toast()).toContain(errorWords("empty_file", "en")!.what);
  });

  it("can be taken again: the field is empty afterwards", async () => {
    const page = await strip();
    await take(page, jpegFile("one"));
    expect(page.get<HTMLInputElement>("input[type=file]").element.value).toBe("");
  });

  it("is not taken where the record is over", async () => {
    expect((await strip({ isLocked: true })).find("[data-test=take-photo]").exists()).toBe(false);
  });
});

describe("a picture that is shown", () => {
  it("is this phone's own copy while it is here", async () => {
    const photo = await shot(phone, "picture");
    const files: Blob[] = [];
    vi.spyOn(URL, "createObjectURL").mockImplementation((file) => `blob:${files.push(file as Blob)}`);
    const page = await strip({ ids: [photo] });
    await settled(phone);
    expect(page.get("img").attributes()).toMatchObject({ src: "blob:1", alt: "王小一" });
    expect(await files[0]!.text()).toBe("picture");
    expect(server.heard).toEqual([]);
  });

  it("is the server's afterwards, small where there is a small one", async () => {
    server.isAway = false;
    server.answers["GET /photo-content/p1?size=web"] = () => new Response("small");
    server.answers["GET /photo-content/p2?size=web"] = () => {
      throw new Refused(404, { code: "not_found" });
    };
    server.answers["GET /photo-content/p2?size=original"] = () => new Response("whole");
    const page = await strip({ ids: ["p1", "p2"] });
    await settled(phone);
    expect(page.findAll("img")).toHaveLength(2);
    expect(server.heard).toEqual([
      "GET /photo-content/p1?size=web",
      "GET /photo-content/p2?size=web",
      "GET /photo-content/p2?size=original",
    ]);
  });

  it("has a place kept for it where it is neither here nor to be had", async () => {
    const page = await strip({ ids: ["p1"] });
    await settled(phone);
    expect(page.find("img").exists()).toBe(false);
    expect(page.findAll("figure")).toHaveLength(1);
  });

  it("says where it is", async () => {
    const [waiting, aside, gone] = [await shot(phone, "1"), await shot(phone, "2"), await shot(phone, "3")];
    await phone.store.transaction(() => {
      for (const id of [aside, gone]) phone.store.setPhoto(id, { isAside: true });
    });
    await phone.store.discardPhoto(gone);
    const page = await strip({ ids: [waiting, aside, gone, "elsewhere"] });
    expect(texts(page, "figcaption")).toEqual(["待传", "传不了", "已移除", "已送达"]);
    expect(page.findAll("figcaption.bad")).toHaveLength(2);
    expect(page.findAll("figcaption.good")).toHaveLength(1);
  });

  it("is none where the phone was locked meanwhile, and nothing breaks", async () => {
    let go: (answer: Response) => void = () => undefined;
    vi.spyOn(phone, "ask").mockImplementation(() => new Promise((done) => (go = done)));
    vi.spyOn(URL, "createObjectURL").mockReturnValue("blob:late");
    const revoked = vi.spyOn(URL, "revokeObjectURL");
    const page = await strip({ ids: ["p1", "p2"] });
    await settled(phone);
    engine.value = null;
    page.unmount();
    go(new Response("late"));
    await vi.waitFor(() => expect(revoked).toHaveBeenCalledWith("blob:late"), 20_000);
    expect(phone.ask).toHaveBeenCalledTimes(1);
  });

  it("gives its memory back with the page", async () => {
    const photo = await shot(phone, "picture");
    vi.spyOn(URL, "createObjectURL").mockReturnValue("blob:1");
    const revoked = vi.spyOn(URL, "revokeObjectURL");
    const page = await strip({ ids: [photo] });
    await settled(phone);
    page.unmount();
    await flushPromises();
    expect(revoked).toHaveBeenCalledWith("blob:1");
  });
});
