import { kind } from '../kind';
import { arc, INK, WHITE, type Pen } from '../pen';
import { TEXTS, write } from '../glyphs';
import { spread } from './group';

const VIEWS = ['seen from the side', 'seen from above'] as const;
const WOOD = 0x7a4a24;

export const cup = kind({
  name: 'cup',
  mirrors: true,
  extent: 0.31,
  attributes: { Presence: ['with a handle', 'without a handle'], 'Camera Perspective': VIEWS },
  draw(pen, look) {
    const handle = look.Presence === 'with a handle';
    if (look['Camera Perspective'] === 'seen from above') {
      if (handle) pen.box(0.3, -0.28, 1.2, 0.28, look.paint.dark);
      pen.disc(-0.22, 0, 0.78, look.paint.base);
      pen.disc(-0.22, 0, 0.54, 0x4a2a16);
      return;
    }
    if (handle) pen.bar(arc(0.28, 0, 0.74, 0.5, -0.25, 0.25), 0.26, look.paint.dark);
    pen.polygon([-1.02, -0.85, 0.42, -0.85, 0.3, 0.85, -0.9, 0.85], look.paint.base);
    pen.polygon([-0.94, -0.77, -0.66, -0.77, -0.62, 0.77, -0.82, 0.77], look.paint.light, 0);
  },
});

export const table = kind({
  name: 'table',
  mirrors: true,
  extent: 0.31,
  attributes: { 'Structural Character': ['round', 'square'], 'Camera Perspective': VIEWS },
  draw(pen, look) {
    const round = look['Structural Character'] === 'round';
    if (look['Camera Perspective'] === 'seen from above') {
      if (round) pen.disc(0, 0, 0.92, look.paint.base);
      else pen.box(-0.9, -0.9, 0.9, 0.9, look.paint.base);
      if (round) pen.disc(0, 0, 0.7, look.paint.light, 0);
      else pen.box(-0.68, -0.68, 0.68, 0.68, look.paint.light, 0);
      setTable(pen);
    } else if (round) {
      pen.box(-0.13, -0.2, 0.13, 0.8, look.paint.dark);
      pen.ellipse(0, 0.82, 0.5, 0.16, look.paint.dark);
      pen.ellipse(0, -0.3, 1.05, 0.34, look.paint.base);
      pen.ellipse(0, -0.36, 0.4, 0.12, WHITE, 0.05);
    } else {
      for (const x of [-0.62, 0.62]) pen.box(x - 0.1, -0.2, x + 0.1, 0.6, look.paint.dark);
      for (const x of [-0.92, 0.92]) pen.box(x - 0.12, 0, x + 0.12, 0.95, look.paint.dark);
      pen.polygon([-0.7, -0.6, 0.7, -0.6, 1.1, 0.02, -1.1, 0.02], look.paint.base);
      pen.ellipse(0, -0.34, 0.42, 0.14, WHITE, 0.05);
    }
  },
});

export const candle = kind({
  name: 'candle',
  mirrors: true,
  extent: 0.33,
  attributes: { Quantity: ['one', 'two', 'three'], State: ['lit', 'unlit'] },
  draw(pen, look) {
    const rows = { one: [0], two: [-0.42, 0.42], three: [-0.78, 0, 0.78] }[look.Quantity];
    const [shift] = spread('one', look.random);
    for (const x of rows) drawCandle(pen.at({ x: x + shift!.x!, y: 0.1 }), look.paint.base, look.paint.dark, look.State === 'lit');
  },
});

export const book = kind({
  name: 'book',
  extent: 0.3,
  attributes: { State: ['open', 'closed'], Text: TEXTS },
  draw(pen, look) {
    if (look.State === 'open') {
      const wide = pen.at({ scale: 0.88 });
      wide.polygon([-1.32, -0.86, 0, -0.68, 1.32, -0.86, 1.32, 0.86, 0, 1.02, -1.32, 0.86], look.paint.base);
      wide.polygon([-1.08, -0.68, 0, -0.5, 0, 0.74, -1.08, 0.58], WHITE);
      wide.polygon([1.08, -0.68, 0, -0.5, 0, 0.74, 1.08, 0.58], WHITE);
      write(wide, look.Text, -0.54, 0.03, 0.4, 0.44, INK);
      for (const y of [-0.25, 0.05, 0.35]) wide.line([0.24, y, 0.86, y - 0.07], 0.09, 0x8c8c92);
    } else {
      pen.box(-0.74, -0.98, 0.86, 0.98, look.paint.base);
      pen.box(-0.74, -0.98, -0.5, 0.98, look.paint.dark);
      write(pen, look.Text, 0.18, -0.05, 0.52, 0.55, WHITE);
    }
  },
});

export const umbrella = kind({
  name: 'umbrella',
  mirrors: true,
  extent: 0.31,
  attributes: { State: ['open', 'closed'], Orientation: ['held upright', 'held upside down'] },
  draw(pen, look) {
    const held = pen.at(look.Orientation === 'held upright' ? { y: 0.05 } : { y: -0.05, turns: 0.5 });
    held.line([0, -1, 0, 0.85, ...arc(0.22, 0.85, 0.22, 0.2, 0.5, 0.04, 8)], 0.13, WOOD);
    if (look.State === 'open') {
      held.polygon([...arc(0, 0, 1.12, 0.92, 0.5, 1), ...scallops()], look.paint.base);
      held.polygon([...arc(0, 0, 0.38, 0.92, 0.5, 1), 0.37, 0], look.paint.light, 0.05);
    } else {
      held.polygon([0, -1.1, 0.46, 0.25, 0.16, 0.5, -0.16, 0.5, -0.46, 0.25], look.paint.base);
      held.line([-0.02, -0.7, 0.08, 0.3], 0.08, look.paint.dark);
    }
  },
});

/** A plate between knife and fork, seen from above. */
function setTable(pen: Pen): void {
  pen.disc(0, 0, 0.4, WHITE);
  pen.disc(0, 0, 0.22, 0xd9dde2, 0);
  pen.line([0.58, -0.3, 0.58, 0.3], 0.1, INK);
  pen.line([-0.58, 0, -0.58, 0.3], 0.1, INK);
  for (const x of [-0.66, -0.5]) pen.line([x, -0.3, x, -0.06, -0.58, 0.04], 0.06, INK);
}

/** The lower rim of an open umbrella, right to left. */
function scallops(): number[] {
  return [0.75, 0.37, 0, -0.37, -0.75].flatMap((x, i) => (i % 2 === 0 ? [x, -0.14] : [x, 0]));
}

function drawCandle(pen: Pen, base: number, dark: number, lit: boolean): void {
  pen.box(-0.26, -0.2, 0.26, 0.95, base);
  pen.box(-0.26, 0.68, 0.26, 0.95, dark);
  pen.line([0, -0.25, 0, -0.42], 0.1, INK);
  if (!lit) return;
  const flame = pen.labelled(0);
  flame.polygon([0, -1.2, 0.26, -0.72, ...arc(0, -0.6, 0.28, 0.26, 0, 0.5, 10), -0.26, -0.72], 0xf7821e, 0.05);
  flame.polygon([0, -0.92, 0.15, -0.6, 0, -0.42, -0.15, -0.6], 0xfff27a, 0);
}
