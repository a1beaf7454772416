/** What screens read of a phone's own store: unsent work laid over records, the queue, and drafts. */
import "fake-indexeddb/auto";
import { beforeEach, describe, expect, it } from "vitest";
import { triggerRef } from "vue";

import { newId } from "@wangge/shared/sync/ids.ts";
import { openDisk } from "@wangge/shared/sync/disk.ts";
import { placeOf } from "@wangge/shared/sync/store.ts";

import { phoneOn, shot, SmallServer } from "../../shared/tests/small_server.ts";
import {
  dropDraft,
  engine,
  keepDraft,
  parked,
  photosWaiting,
  readDraft,
  useRecords,
  waiting,
} from "../src/session.ts";

const jobs = useRecords("work_order");

beforeEach(async () => {
  engine.value = await phoneOn(await openDisk(newId()), new SmallServer());
});

describe("records on a screen", () => {
  it("stand as the unsent work leaves them", async () => {
    const phone = engine.value!;
    const id = await phone.create("work_order", { description: "漏水", state: "dispatched" });
    await phone.act("work_order", id, "accept");
    triggerRef(engine);
    expect(jobs.value.get(id)).toMatchObject({ description: "漏水", state: "accepted" });
    await phone.act("work_order", id, "leave");
    await phone.change("work_order", id, { diagnosis: "阀门" });
    triggerRef(engine);
    expect(jobs.value.get(id)).toMatchObject({ state: "en_route", diagnosis: "阀门" });
    await phone.delete("work_order", id);
    triggerRef(engine);
    expect(jobs.value.has(id)).toBe(false);
  });

  it("are none while nobody has opened the phone", async () => {
    await engine.value!.create("work_order", {});
    engine.value = null;
    expect([jobs.value.size, waiting.value.length]).toEqual([0, 0]);
  });
});

describe("the queue", () => {
  it("holds work and pictures until they are handed in", async () => {
    await engine.value!.create("visit", { note: "one" });
    const photo = await shot(engine.value!, "a picture");
    triggerRef(engine);
    expect(waiting.value.map((one) => one.mutation.kind)).toEqual(["visit", "photo"]);
    expect(photosWaiting.value.map((one) => one.id)).toEqual([photo]);
    expect(placeOf(engine.value!.store.photo(photo))).toBe("waiting");
    await engine.value!.push();
    triggerRef(engine);
    expect(waiting.value).toEqual([]);
    expect(parked.value).toEqual([]);
  });

  it("shows what waits for a person, until another piece settles it", async () => {
    const phone = engine.value!;
    await phone.create("visit", { note: "one" });
    const [first] = phone.store.waiting();
    const answer = (id: string, status: string, detail = {}) =>
      phone.store.transaction(() =>
        phone.store.answer([{ id, status, detail } as never], "2026-12-01T01:00:00.000000Z"),
      );
    await answer(first!.mutation.id, "parked");
    triggerRef(engine);
    expect(parked.value.map((one) => one.mutation.id)).toEqual([first!.mutation.id]);
    await phone.correct(first!.mutation, { note: "two" });
    const again = phone.store.waiting()[0]!;
    expect(again.mutation.now).toEqual({ note: "two" });
    await answer(again.mutation.id, "applied", { settles: [first!.mutation.id] });
    triggerRef(engine);
    expect(parked.value).toEqual([]);
  });
});

describe("a draft", () => {
  it("is kept as it was, and gone when it is dropped", async () => {
    const typed = { result: "换阀", parts: [{ name: "阀门" }] };
    keepDraft("job/1", typed);
    await settled();
    typed.parts[0]!.name = "typed afterwards";
    expect(readDraft("job/1")).toEqual({ result: "换阀", parts: [{ name: "阀门" }] });
    dropDraft("job/1");
    await settled();
    expect(readDraft("job/1")).toBeNull();
  });
});

const settled = (): Promise<void> => engine.value!.store.transaction(() => undefined);
