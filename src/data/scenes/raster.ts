/** Samples a pixel edge: a pixel is the average of SAMPLES x SAMPLES points. */
export const SAMPLES = 4;

/** 0xRRGGBB. */
export type Colour = number;

/**
 * A square drawing surface of `size` pixels, kept as SAMPLES x SAMPLES samples a pixel: colour in the low 24 bits, class label in the high 8.
 * Coordinates are in pixels, x to the right and y downwards, (0, 0) the upper left corner. Later shapes cover earlier ones.
 */
export class Raster {
  readonly edge: number;
  readonly samples: Uint32Array;
  private readonly crossings = new Float64Array(64);

  constructor(readonly size: number) {
    this.edge = size * SAMPLES;
    this.samples = new Uint32Array(this.edge * this.edge);
  }

  /** Fills the polygon x0, y0, x1, y1, ... by the even-odd rule at the samples' centres. */
  polygon(points: readonly number[], colour: Colour, label = 0): void {
    const value = ((label << 24) | colour) >>> 0;
    let top = Infinity;
    let bottom = -Infinity;
    for (let i = 1; i < points.length; i += 2) {
      top = Math.min(top, points[i]!);
      bottom = Math.max(bottom, points[i]!);
    }
    const last = Math.min(this.edge, Math.ceil(bottom * SAMPLES - 0.5));
    for (let row = Math.max(0, Math.ceil(top * SAMPLES - 0.5)); row < last; row++) this.fillSpans(row, this.cross(points, (row + 0.5) / SAMPLES), value);
  }

  /** Fills an upright ellipse. */
  ellipse(x: number, y: number, rx: number, ry: number, colour: Colour, label = 0): void {
    const value = ((label << 24) | colour) >>> 0;
    this.rows(x, y, rx, ry, (from, to) => this.samples.fill(value, from, to));
  }

  /** Darkens an upright ellipse to three quarters. */
  shade(x: number, y: number, rx: number, ry: number): void {
    this.rows(x, y, rx, ry, (from, to) => {
      for (let i = from; i < to; i++) {
        const value = this.samples[i]!;
        this.samples[i] = ((value & 0xff000000) | (((value >>> 1) & 0x7f7f7f) + ((value >>> 2) & 0x3f3f3f))) >>> 0;
      }
    });
  }

  rectangle(x0: number, y0: number, x1: number, y1: number, colour: Colour, label = 0): void {
    this.polygon([x0, y0, x1, y0, x1, y1, x0, y1], colour, label);
  }

  /** Sums over a pixel's samples: red in the high and blue in the low half of the first number, green in the second. */
  sums(x: number, y: number): readonly [redBlue: number, green: number] {
    let redBlue = 0;
    let green = 0;
    for (let row = 0; row < SAMPLES; row++) {
      const start = (y * SAMPLES + row) * this.edge + x * SAMPLES;
      for (let i = start; i < start + SAMPLES; i++) {
        const sample = this.samples[i]!;
        redBlue += sample & 0xff00ff;
        green += (sample >>> 8) & 0xff;
      }
    }
    return [redBlue, green];
  }

  /** A label a pixel, row-major: that of most of its samples. */
  labels(): Uint8Array {
    const { size, edge, samples } = this;
    const labels = new Uint8Array(size * size);
    const counts = new Uint8Array(256);
    for (let pixel = 0; pixel < labels.length; pixel++) {
      counts.fill(0);
      const start = Math.floor(pixel / size) * SAMPLES * edge + (pixel % size) * SAMPLES;
      let best = 0;
      for (let i = 0; i < SAMPLES ** 2; i++) {
        const label = samples[start + Math.floor(i / SAMPLES) * edge + (i % SAMPLES)]! >>> 24;
        if (++counts[label]! > counts[best]!) best = label;
      }
      labels[pixel] = best;
    }
    return labels;
  }

  /** Where the line y crosses the polygon's edges, ascending; returns how many. */
  private cross(points: readonly number[], y: number): number {
    const { crossings } = this;
    let count = 0;
    let x0 = points[points.length - 2]!;
    let y0 = points[points.length - 1]!;
    for (let i = 0; i < points.length; i += 2) {
      const x1 = points[i]!;
      const y1 = points[i + 1]!;
      if (y0 <= y !== y1 <= y) {
        const x = x0 + ((y - y0) / (y1 - y0)) * (x1 - x0);
        let at = count++;
        for (; at > 0 && crossings[at - 1]! > x; at--) crossings[at] = crossings[at - 1]!;
        crossings[at] = x;
      }
      x0 = x1;
      y0 = y1;
    }
    return count;
  }

  private fillSpans(row: number, count: number, value: number): void {
    for (let i = 0; i + 1 < count; i += 2) {
      const from = Math.max(0, Math.ceil(this.crossings[i]! * SAMPLES - 0.5));
      const to = Math.min(this.edge, Math.ceil(this.crossings[i + 1]! * SAMPLES - 0.5));
      if (from < to) this.samples.fill(value, row * this.edge + from, row * this.edge + to);
    }
  }

  private rows(x: number, y: number, rx: number, ry: number, span: (from: number, to: number) => void): void {
    const last = Math.min(this.edge, Math.ceil((y + ry) * SAMPLES - 0.5));
    for (let row = Math.max(0, Math.ceil((y - ry) * SAMPLES - 0.5)); row < last; row++) {
      const up = ((row + 0.5) / SAMPLES - y) / ry;
      const half = rx * Math.sqrt(Math.max(0, 1 - up * up));
      const from = Math.max(0, Math.ceil((x - half) * SAMPLES - 0.5));
      const to = Math.min(this.edge, Math.ceil((x + half) * SAMPLES - 0.5));
      if (from < to) span(row * this.edge + from, row * this.edge + to);
    }
  }
}

/** Each channel times the factor, at most 255. */
export function brighten(colour: Colour, factor: number): Colour {
  return mapChannels(colour, (value) => value * factor);
}

/** `share` of the second colour, the rest of the first. */
export function mix(first: Colour, second: Colour, share: number): Colour {
  return mapChannels(first, (value, shift) => value + (((second >>> shift) & 255) - value) * share);
}

function mapChannels(colour: Colour, change: (value: number, shift: number) => number): Colour {
  let changed = 0;
  for (const shift of [16, 8, 0]) changed |= Math.max(0, Math.min(255, Math.floor(change((colour >>> shift) & 255, shift) + 0.5))) << shift;
  return changed;
}
