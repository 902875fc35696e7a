import { kind } from '../kind';
import { arc, type Paint, type Pen } from '../pen';
import { unit } from '../random';
import { spread } from './group';

const BARK = 0x7a4a24;
const LEAF = 0x3c8f3a;

export const tree = kind({
  name: 'tree',
  mirrors: true,
  extent: 0.31,
  attributes: { 'Structural Character': ['round', 'pointed'], Presence: ['with apples', 'without apples'] },
  draw(pen, look) {
    pen.box(-0.15, 0.3, 0.15, 1.05, BARK);
    const round = look['Structural Character'] === 'round';
    if (round) pen.disc(0, -0.25, 0.8, look.paint.base);
    else pen.polygon([0, -1.15, 0.9, 0.5, -0.9, 0.5], look.paint.base);
    if (look.Presence === 'without apples') return;
    const fruit = look.Color === 'red' || look.Color === 'orange' ? 0xffe36b : 0xe0281e;
    const spots = round ? [-0.4, -0.5, 0.35, -0.55, -0.02, -0.12, -0.48, 0.05, 0.45, 0.02] : [0, -0.52, -0.28, -0.02, 0.28, 0, -0.52, 0.3, 0.02, 0.3, 0.55, 0.3];
    for (let i = 0; i < spots.length; i += 2) pen.disc(spots[i]!, spots[i + 1]!, 0.2, fruit, 0.07);
  },
});

export const flower = kind({
  name: 'flower',
  mirrors: true,
  extent: 0.3,
  attributes: { State: ['blooming', 'wilted'], 'Structural Character': ['with round petals', 'with pointed petals'] },
  draw(pen, look) {
    const round = look['Structural Character'] === 'with round petals';
    if (look.State === 'blooming') {
      pen.line([0, 0, 0, 1.05], 0.13, LEAF);
      leaf(pen.at({ y: 0.75 }));
      leaf(pen.at({ y: 0.75, mirrored: true }));
      head(pen.at({ y: -0.3, scale: 0.75 }), look.paint, round);
    } else {
      const hanging = pen.at({ x: -0.25 });
      hanging.line([0, 1.05, ...arc(0.36, -0.2, 0.36, 0.7, 0.5, 0.92, 12)], 0.13, LEAF);
      leaf(hanging.at({ y: 0.95, turns: 0.08 }));
      leaf(hanging.at({ y: 0.95, turns: -0.08, mirrored: true }));
      for (const x of [0.3, 0.65, 1]) hanging.ellipse(x, 0.98, 0.17, 0.1, look.paint.base, 0.05);
      drooping(hanging.at({ x: 0.66, y: -0.1, scale: 0.95 }), look.paint, round);
    }
  },
});

export const apple = kind({
  name: 'apple',
  mirrors: true,
  extent: 0.32,
  attributes: { Quantity: ['one', 'two', 'three'], State: ['whole', 'bitten'] },
  draw(pen, look) {
    for (const place of spread(look.Quantity, look.random)) drawApple(pen.at({ ...place, y: place.y! + 0.06 }), look.paint.base, look.State === 'bitten');
  },
});

/** An apple; a bite takes the upper right quarter away and shows the flesh. */
function drawApple(pen: Pen, base: number, bitten: boolean): void {
  pen.line([0, -0.55, 0.12, -1.02], 0.16, BARK);
  pen.polygon([-0.05, -0.7, -0.3, -1.05, -0.7, -1.05, -0.5, -0.75], LEAF, 0.06);
  const whole = [0, -0.6, ...arc(0.36, -0.1, 0.56, 0.58, -0.2, 0.12), ...arc(0.22, 0.4, 0.5, 0.5, 0.06, 0.25, 8), ...arc(-0.22, 0.4, 0.5, 0.5, 0.25, 0.44, 8), ...arc(-0.36, -0.1, 0.56, 0.58, 0.38, 0.7)];
  const bite = [0, -0.6, 0.3, -0.64, ...arc(0.86, -0.2, 0.6, 0.56, 0.6, 0.26, 10), ...arc(0.22, 0.4, 0.5, 0.5, 0.04, 0.25, 8), ...arc(-0.22, 0.4, 0.5, 0.5, 0.25, 0.44, 8), ...arc(-0.36, -0.1, 0.56, 0.58, 0.38, 0.7)];
  pen.polygon(bitten ? bite : whole, base, 0.1);
  if (bitten) pen.line(arc(0.86, -0.2, 0.64, 0.6, 0.58, 0.3, 10), 0.3, 0xfff3cf);
}

function head(pen: Pen, paint: Paint, round: boolean): void {
  for (let i = 0; i < 6; i++) {
    const [cos, sin] = unit(i / 6 + 0.25);
    if (round) pen.disc(0.6 * cos, 0.6 * sin, 0.38, paint.base);
    else pen.at({ turns: i / 6 }).polygon([-0.3, -0.3, 0, -1.15, 0.3, -0.3], paint.base);
  }
  pen.disc(0, 0, 0.36, 0xffe36b);
}

/** A head that hangs: petals downwards only. */
function drooping(pen: Pen, paint: Paint, round: boolean): void {
  for (const turns of [0.36, 0.64, 0.5]) {
    const petal = pen.at({ turns });
    if (round) petal.ellipse(0, -0.6, 0.3, 0.46, paint.dark);
    else petal.polygon([-0.28, -0.15, 0, -1.2, 0.28, -0.15], paint.dark);
  }
  pen.ellipse(0, -0.05, 0.42, 0.3, LEAF);
}

function leaf(pen: Pen): void {
  pen.polygon([0, 0.12, 0.35, -0.22, 0.75, -0.25, 0.5, 0.1], LEAF, 0.05);
}
