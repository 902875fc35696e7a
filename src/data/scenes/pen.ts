import { brighten, type Colour, type Raster } from './raster';
import { unit } from './random';

export const INK: Colour = 0x1c1c22;
export const WHITE: Colour = 0xf6f6f6;

/** Corners of the polygon that stands for a circle. */
const CORNERS = 32;
const CIRCLE = Array.from({ length: CORNERS }, (_, i) => unit(i / CORNERS));

/** The three tones of a coloured thing. */
export interface Paint {
  readonly base: Colour;
  readonly dark: Colour;
  readonly light: Colour;
}

export function paintOf(base: Colour): Paint {
  return { base, dark: brighten(base, 0.62), light: brighten(base, 1.35) };
}

/** A frame's place in its parent: scaled, mirrored left to right if `mirrored`, turned clockwise by `turns`, moved to (x, y). */
export interface Placement {
  readonly x?: number;
  readonly y?: number;
  readonly scale?: number;
  readonly turns?: number;
  readonly mirrored?: boolean;
}

/**
 * Draws in a local frame: y downwards, a thing fills about -1 .. 1. Everything a pen draws carries its class label.
 * `edge` is the outline's width in local units; 0 draws none.
 */
export class Pen {
  private constructor(
    private readonly raster: Raster,
    private readonly label: number,
    /** Local (x, y) lies at pixel (a x + b y + e, c x + d y + f). */
    private readonly frame: { readonly a: number; readonly b: number; readonly c: number; readonly d: number; readonly e: number; readonly f: number },
    /** Pixels of a local unit. */
    private readonly unit: number,
  ) {}

  /** A pen whose unit is `unit` pixels, with its origin at pixel (x, y). */
  static on(raster: Raster, label: number, x: number, y: number, unit: number): Pen {
    return new Pen(raster, label, { a: unit, b: 0, c: 0, d: unit, e: x, f: y }, unit);
  }

  at({ x = 0, y = 0, scale = 1, turns = 0, mirrored = false }: Placement): Pen {
    const [cos, sin] = unit(turns);
    const { a, b, c, d, e, f } = this.frame;
    const flip = mirrored ? -scale : scale;
    const frame = {
      a: (a * cos + b * sin) * flip,
      b: (b * cos - a * sin) * scale,
      c: (c * cos + d * sin) * flip,
      d: (d * cos - c * sin) * scale,
      e: a * x + b * y + e,
      f: c * x + d * y + f,
    };
    return new Pen(this.raster, this.label, frame, this.unit * scale);
  }

  /** The same frame with another class label (0: background). */
  labelled(label: number): Pen {
    return new Pen(this.raster, label, this.frame, this.unit);
  }

  /** Polygon x0, y0, x1, y1, ... */
  polygon(points: readonly number[], fill: Colour, edge = 0.08): void {
    const placed = this.place(points);
    this.raster.polygon(placed, fill, this.label);
    if (edge > 0) this.stroke([...placed, placed[0]!, placed[1]!], this.width(edge), INK);
  }

  box(x0: number, y0: number, x1: number, y1: number, fill: Colour, edge = 0.08): void {
    this.polygon([x0, y0, x1, y0, x1, y1, x0, y1], fill, edge);
  }

  ellipse(x: number, y: number, rx: number, ry: number, fill: Colour, edge = 0.08): void {
    this.polygon(CIRCLE.flatMap(([cos, sin]) => [x + rx * cos, y + ry * sin]), fill, edge);
  }

  disc(x: number, y: number, radius: number, fill: Colour, edge = 0.08): void {
    this.ellipse(x, y, radius, radius, fill, edge);
  }

  /** A line through the points, with round ends and corners. */
  line(points: readonly number[], width: number, colour: Colour): void {
    this.stroke(this.place(points), this.width(width), colour);
  }

  /** A line with an outline around it. */
  bar(points: readonly number[], width: number, colour: Colour, edge = 0.08): void {
    this.line(points, width + 2 * edge, INK);
    this.line(points, width, colour);
  }

  private place(points: readonly number[]): number[] {
    const { a, b, c, d, e, f } = this.frame;
    const placed = new Array<number>(points.length);
    for (let i = 0; i < points.length; i += 2) {
      const x = points[i]!;
      const y = points[i + 1]!;
      placed[i] = a * x + b * y + e;
      placed[i + 1] = c * x + d * y + f;
    }
    return placed;
  }

  /** In pixels; below a pixel lines would fade away. */
  private width(local: number): number {
    return Math.max(1, local * this.unit);
  }

  private stroke(points: readonly number[], width: number, colour: Colour): void {
    const radius = width / 2;
    for (let i = 0; i < points.length; i += 2) {
      const x = points[i]!;
      const y = points[i + 1]!;
      this.raster.ellipse(x, y, radius, radius, colour, this.label);
      if (i + 3 >= points.length) break;
      const dx = points[i + 2]! - x;
      const dy = points[i + 3]! - y;
      const length = Math.sqrt(dx * dx + dy * dy);
      if (length === 0) continue;
      const across = (-dy / length) * radius;
      const along = (dx / length) * radius;
      this.raster.polygon([x + across, y + along, x + dx + across, y + dy + along, x + dx - across, y + dy - along, x - across, y - along], colour, this.label);
    }
  }
}

/** Points of an elliptic arc from angle `from` to `to` (turns, clockwise from the right). */
export function arc(x: number, y: number, rx: number, ry: number, from: number, to: number, steps = 16): number[] {
  return Array.from({ length: steps + 1 }, (_, i) => unit(from + ((to - from) * i) / steps)).flatMap(([cos, sin]) => [x + rx * cos, y + ry * sin]);
}

/** A star's outline: `points` tips at radius 1 and as many notches at `inner`, the first tip upwards. */
export function starOf(points: number, inner: number): number[] {
  return Array.from({ length: 2 * points }, (_, i) => ({ radius: i % 2 === 0 ? 1 : inner, direction: unit(i / (2 * points) - 0.25) })).flatMap(({ radius, direction }) => [radius * direction[0], radius * direction[1]]);
}
