/** What a test's browser has not: a canvas that draws, a pen on it, files from a camera. */
import type { DOMWrapper } from "@vue/test-utils";
import { vi } from "vitest";

/** A canvas draws nothing, but takes it and gives a small JPEG; returns what was written on it. */
export function canvasThatDraws(jpeg = "JPEG"): string[] {
  const written: string[] = [];
  const pen = new Proxy<Record<string | symbol, unknown>>(
    { fillText: (text: string) => written.push(text) },
    {
      get: (target, name) => (name === "canvas" ? { width: 160, height: 90 } : (target[name] ?? (() => pen))),
      set: () => true,
    },
  );
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(pen as never);
  vi.spyOn(HTMLCanvasElement.prototype, "toBlob").mockImplementation((done) =>
    done(jpeg ? new Blob([jpeg], { type: "image/jpeg" }) : null),
  );
  return written;
}

/** One stroke of a finger on a canvas. */
export async function stroke(canvas: Pick<DOMWrapper<Element>, "element">): Promise<void> {
  const point = (name: string, x: number, y: number): Event => {
    const event = new Event(name, { bubbles: true, cancelable: true });
    const at = {
      pointerId: 1,
      isPrimary: true,
      button: 0,
      buttons: 1,
      clientX: x,
      clientY: y,
      pressure: 0.5,
    };
    return Object.assign(event, at, { pointerType: "pen" });
  };
  canvas.element.dispatchEvent(point("pointerdown", 10, 10));
  window.dispatchEvent(point("pointermove", 30, 20));
  window.dispatchEvent(point("pointermove", 60, 40));
  window.dispatchEvent(point("pointerup", 60, 40));
  await Promise.resolve();
}

/** Files that a person has chosen or taken, put into the field of a form. */
export async function choose(
  field: Pick<DOMWrapper<Element>, "element" | "trigger">,
  ...files: File[]
): Promise<void> {
  Object.defineProperty(field.element, "files", { value: files, configurable: true });
  await field.trigger("change");
}

/** A file with the first bytes of a JPEG and then this text. */
export const jpegFile = (text: string): File =>
  new File([new Uint8Array([0xff, 0xd8, 0xff, 0xd9]), text], "photo.jpg", { type: "image/jpeg" });
