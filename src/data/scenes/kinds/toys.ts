import { kind, DISTANCES, NUMBERS } from '../kind';
import { arc, INK, starOf, WHITE, type Paint, type Pen } from '../pen';
import { spread } from './group';

const PIPS = {
  'showing one': [0, 0],
  'showing two': [-0.42, -0.42, 0.42, 0.42],
  'showing three': [-0.48, -0.48, 0, 0, 0.48, 0.48],
  'showing four': [-0.42, -0.42, 0.42, -0.42, -0.42, 0.42, 0.42, 0.42],
} as const;

export const ball = kind({
  name: 'ball',
  extent: 0.38,
  attributes: { Spatial: ['to the left of a box', 'to the right of a box', 'on top of a box'], 'Structural Character': ['spotted', 'striped'] },
  draw(pen, look) {
    const [x, y, box] = ({ 'to the left of a box': [-0.44, 0.36, 0.64], 'to the right of a box': [0.44, 0.36, -0.64], 'on top of a box': [0, -0.44, 0] } as const)[look.Spatial];
    drawBox(pen.labelled(0).at({ x: box, y: 0.52 }));
    drawBall(pen.at({ x, y, scale: 0.57 }), look.paint, look['Structural Character'] === 'spotted');
  },
});

export const balloon = kind({
  name: 'balloon',
  mirrors: true,
  extent: 0.33,
  attributes: { Quantity: NUMBERS, 'Structural Character': ['round', 'heart-shaped'] },
  draw(pen, look) {
    for (const place of spread(look.Quantity, look.random)) {
      const one = pen.at({ ...place, y: place.y! - 0.08 });
      one.line([0, 0.75, 0.08, 1.05, -0.06, 1.35], 0.1, 0x8a8a90);
      if (look['Structural Character'] === 'round') {
        one.polygon([0, 0.7, -0.2, 1, 0.2, 1], look.paint.dark);
        one.ellipse(0, -0.05, 0.78, 0.88, look.paint.base, 0.1);
      } else one.polygon(heart(), look.paint.base, 0.1);
      one.ellipse(-0.32, -0.38, 0.14, 0.2, 0xffffff, 0);
    }
  },
});

export const die = kind({
  name: 'die',
  plural: 'dice',
  extent: 0.29,
  attributes: { Quantity: ['showing one', 'showing two', 'showing three', 'showing four'], 'Camera Perspective': ['seen from the front', 'seen from the corner'] },
  draw(pen, look) {
    const front = look['Camera Perspective'] === 'seen from the front';
    if (front) pen.box(-0.9, -0.9, 0.9, 0.9, look.paint.base);
    else {
      pen.polygon([-0.98, -0.55, -0.4, -1.1, 1.1, -0.98, 0.55, -0.38], look.paint.light);
      pen.polygon([0.55, -0.38, 1.1, -0.98, 1.1, 0.35, 0.55, 1.02], look.paint.dark);
      pen.polygon([-0.98, -0.55, 0.55, -0.38, 0.55, 1.02, -0.98, 0.8], look.paint.base);
    }
    const pips = PIPS[look.Quantity];
    for (let i = 0; i < pips.length; i += 2) {
      const x = pips[i]!;
      const y = pips[i + 1]!;
      if (front) pen.disc(x, y, 0.24, WHITE, 0.05);
      else pen.disc(-0.21 + 0.8 * x, 0.22 + 0.85 * y + 0.12 * x, 0.2, WHITE, 0.05);
    }
  },
});

export const star = kind({
  name: 'star',
  mirrors: true,
  attributes: { 'Structural Character': ['with four points', 'with five points', 'with eight points'], 'Camera Perspective': DISTANCES },
  draw(pen, look) {
    const [points, inner] = ({ 'with four points': [4, 0.32], 'with five points': [5, 0.45], 'with eight points': [8, 0.62] } as const)[look['Structural Character']];
    pen.at({ scale: 1.08 }).polygon(starOf(points, inner), look.paint.base);
  },
});

export const face = kind({
  name: 'face',
  mirrors: true,
  extent: 0.31,
  attributes: { State: ['happy', 'sad'], Presence: ['with a hat', 'without a hat'] },
  draw(pen, look) {
    const head = pen.at({ y: 0.24, scale: 0.86 });
    head.disc(0, 0, 0.98, look.paint.base);
    const happy = look.State === 'happy';
    for (const side of [-1, 1]) {
      head.ellipse(side * 0.38, -0.22, 0.17, 0.22, WHITE, 0.06);
      head.disc(side * 0.36, happy ? -0.22 : -0.12, 0.1, INK, 0);
    }
    if (happy) head.polygon([...arc(0, 0.14, 0.68, 0.66, 0, 0.5), -0.68, 0.14], 0x7a1020, 0.07);
    else {
      head.line(arc(0, 0.82, 0.52, 0.44, 0.54, 0.96), 0.22, 0x7a1020);
      for (const side of [-1, 1]) head.polygon([side * 0.56, 0, side * 0.72, 0.4, side * 0.4, 0.4], 0x9fdcff, 0.05);
    }
    if (look.Presence === 'with a hat') {
      head.box(-0.68, -1.45, 0.68, -0.72, 0x33333c);
      head.box(-0.68, -0.95, 0.68, -0.72, 0xe9e9e9, 0.04);
      head.box(-1.1, -0.78, 1.1, -0.56, 0x33333c);
    }
  },
});

export const house = kind({
  name: 'house',
  mirrors: true,
  extent: 0.31,
  attributes: { State: ['with an open door', 'with a closed door'], Presence: ['with a chimney', 'without a chimney'] },
  draw(pen, look) {
    const walls = pen.at({ y: 0.14, scale: 0.92 });
    if (look.Presence === 'with a chimney') {
      walls.box(0.32, -1.1, 0.8, -0.3, 0x9a4a38);
      const smoke = walls.labelled(0);
      for (const [x, y, radius] of [[0.6, -1.3, 0.22], [0.85, -1.5, 0.28], [1.2, -1.62, 0.32]] as const) smoke.disc(x, y, radius, 0xdedee2, 0);
    }
    walls.box(-0.86, -0.2, 0.86, 0.98, look.paint.base);
    walls.polygon([-1.1, -0.18, 0, -1.1, 1.1, -0.18], look.paint.dark);
    walls.box(0.4, 0.12, 0.72, 0.44, 0xbfe0f2, 0.06);
    if (look.State === 'with an open door') {
      walls.box(-0.42, 0.1, 0.22, 0.98, 0x141418);
      walls.polygon([-0.42, 0.1, -0.95, 0.24, -0.95, 1.14, -0.42, 0.98], 0xc98d4e, 0.06);
    } else {
      walls.box(-0.42, 0.1, 0.22, 0.98, 0xc98d4e);
      walls.disc(0.06, 0.56, 0.08, 0xffe36b, 0.03);
    }
  },
});

function drawBox(pen: Pen): void {
  pen.box(-0.42, -0.42, 0.42, 0.42, 0xb98a55, 0.05);
  pen.line([-0.42, -0.42, 0.42, 0.42], 0.09, 0x8a6238);
  pen.line([0.42, -0.42, -0.42, 0.42], 0.09, 0x8a6238);
}

function drawBall(pen: Pen, paint: Paint, spotted: boolean): void {
  pen.disc(0, 0, 1, paint.base, 0.12);
  if (spotted) for (const [x, y] of [[-0.4, -0.42], [0.42, -0.4], [0, 0.02], [-0.45, 0.42], [0.4, 0.46]] as const) pen.disc(x, y, 0.22, WHITE, 0);
  else for (const [y, half] of [[-0.42, 0.74], [0.08, 0.84], [0.56, 0.6]] as const) pen.line([-half, y, half, y], 0.24, WHITE);
}

function heart(): number[] {
  return [0, 1, ...arc(-0.42, -0.3, 0.46, 0.5, 0.42, 0.95, 12), 0, -0.3, ...arc(0.42, -0.3, 0.46, 0.5, 0.55, 1.08, 12)];
}
