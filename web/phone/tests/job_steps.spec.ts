/** What is missing before a job's step may go, in the order in which a crew is told. */
import { describe, expect, it } from "vitest";

import { emptyTelling } from "@wangge/shared/told.ts";
import { actionOf } from "@wangge/shared/vocabulary/words.ts";

import { details, type JobDraft, lackBefore } from "../src/job_steps.ts";

const empty: JobDraft = {
  diagnosis: "",
  result: "",
  remainder: "",
  telling: emptyTelling("王芳"),
  unsigned_kind: "",
  unsigned_reason: "",
  reason: "",
  parts: [],
  signature: null,
};
const signature = { id: "s", name: "王芳", sheet: "hash", values: {} };
const [start, finish, partly] = ["start", "finish", "finish_partly"].map((name) =>
  actionOf("work_order", name)!,
);
const keyOf = (...given: Parameters<typeof lackBefore>): string | null => lackBefore(...given)?.key ?? null;

describe("what was typed", () => {
  it("becomes the job's fields, and what was left empty is left out", () => {
    const parts = [
      { name: "阀门", quantity: "2" },
      { name: "接头", quantity: "" },
      { name: "", quantity: "9" },
    ];
    expect(details({ ...empty, result: "换阀", parts })).toEqual({
      result: "换阀",
      parts: [
        { name: "阀门", quantity: 2 },
        { name: "接头", quantity: 1 },
      ],
    });
    expect(details(empty)).toEqual({});
  });
});

describe("work begins", () => {
  const job = { quote_required: true };

  it("when time and cost were told and agreed to", () => {
    const told = { ...emptyTelling("王芳"), minutes: "40", amount: "45", agreed: "yes" as const };
    expect(keyOf(start!, job, empty, false, false)).toBe("job.toldFirst");
    expect(keyOf(start!, job, { ...empty, telling: { ...told, agreed: "no" } }, false, false)).toBe(
      "job.toldRefused",
    );
    expect(keyOf(start!, job, { ...empty, telling: told }, false, false)).toBeNull();
    expect(keyOf(start!, { ...job, told_cost_fen: 0 }, empty, false, false)).toBeNull();
    expect(keyOf(start!, {}, empty, false, false)).toBeNull();
  });
});

describe("work ends", () => {
  const job = { required_photos: 2, signature_required: true, photo_ids: ["1", "2"] };
  const done = { ...empty, result: "换阀" };

  it("with a result, and in part with what is left", () => {
    expect(keyOf(finish!, {}, empty, false, false)).toBe("job.result");
    expect(keyOf(partly!, {}, done, false, false)).toBe("job.remainder");
    expect(keyOf(partly!, {}, { ...done, remainder: "补漆" }, false, false)).toBeNull();
  });

  it("with its photos", () => {
    const lack = lackBefore(finish!, { ...job, photo_ids: ["1"] }, done, false, false);
    expect(lack).toEqual({ key: "job.photosNeed", values: { count: 2 } });
  });

  it.each([
    [{}, false, false, "job.signMissing"],
    [{}, true, false, null],
    [{ signature }, false, false, null],
    [{ signature }, false, true, "job.resigned"],
    [{ unsigned_kind: "absent" }, false, false, "job.unsignedReason"],
    [{ unsigned_reason: "没人" }, false, false, "job.unsigned"],
    [{ unsigned_kind: "absent", unsigned_reason: "没人" }, false, false, null],
  ] as [Partial<JobDraft>, boolean, boolean, string | null][])(
    "with a signature, or why there is none: %j",
    (changed, isSigned, isStale, key) => {
      expect(keyOf(finish!, job, { ...done, ...changed }, isSigned, isStale)).toBe(key);
    },
  );

  it("without a signature only with a photo of the place", () => {
    const unsigned = { ...done, unsigned_kind: "absent", unsigned_reason: "没人" };
    const bare = { signature_required: true };
    expect(keyOf(finish!, bare, unsigned, false, false)).toBe("job.unsignedPhoto");
    expect(keyOf(finish!, {}, done, false, false)).toBeNull();
  });
});
