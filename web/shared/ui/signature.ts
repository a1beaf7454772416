/** A board to sign on, and the strokes with their timing as every signature carries them. */
import SignaturePad from "signature_pad";

export interface Strokes {
  width: number;
  height: number;
  lines: number[][][];
}

export class SignatureBoard {
  readonly #canvas: HTMLCanvasElement;
  readonly #pad: SignaturePad;

  constructor(canvas: HTMLCanvasElement) {
    const ratio = Math.max(window.devicePixelRatio, 1);
    canvas.width = canvas.offsetWidth * ratio;
    canvas.height = canvas.offsetHeight * ratio;
    canvas.getContext("2d")!.scale(ratio, ratio);
    this.#canvas = canvas;
    this.#pad = new SignaturePad(canvas, { penColor: "#10202c", backgroundColor: "#ffffff" });
  }

  clear(): void {
    this.#pad.clear();
  }

  off(): void {
    this.#pad.off();
  }

  /** What was written; null while nothing is. */
  strokes(): Strokes | null {
    if (this.#pad.isEmpty()) return null;
    const lines = this.#pad
      .toData()
      .map((one) =>
        one.points.map((point) => [Math.round(point.x), Math.round(point.y), Math.round(point.time)]),
      );
    return { width: this.#canvas.offsetWidth, height: this.#canvas.offsetHeight, lines };
  }
}
