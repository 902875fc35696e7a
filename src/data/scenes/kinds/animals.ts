import { kind, NUMBERS } from '../kind';
import { arc, INK, WHITE, type Pen } from '../pen';
import { spread } from './group';

export const fish = kind({
  name: 'fish',
  plural: 'fish',
  extent: 0.31,
  attributes: { Orientation: ['facing left', 'facing right'], Presence: ['with stripes', 'without stripes'] },
  draw(pen, look) {
    const body = pen.at({ mirrored: look.Orientation === 'facing left' });
    body.polygon([-0.45, 0, -1.1, -0.62, -0.95, 0, -1.1, 0.62], look.paint.dark);
    body.polygon([-0.25, -0.45, 0.05, -0.85, 0.35, -0.45], look.paint.dark);
    body.ellipse(0.15, 0, 0.85, 0.58, look.paint.base);
    if (look.Presence === 'with stripes') for (const [x, half] of [[-0.35, 0.38], [-0.02, 0.5], [0.31, 0.5]] as const) body.line([x, -half + 0.08, x, half - 0.08], 0.2, WHITE);
    eye(body, 0.67, -0.14, 0.17);
    body.line([0.82, 0.24, 0.98, 0.16], 0.08, INK);
  },
});

export const duck = kind({
  name: 'duck',
  extent: 0.32,
  attributes: { Quantity: NUMBERS, Orientation: ['facing left', 'facing right'] },
  draw(pen, look) {
    for (const place of spread(look.Quantity, look.random)) drawDuck(pen.at({ ...place, mirrored: look.Orientation === 'facing left' }), look.paint.base, look.paint.dark);
  },
});

export const cat = kind({
  name: 'cat',
  extent: 0.38,
  attributes: { Orientation: ['facing left', 'facing right'], Spatial: ['on a table', 'under a table'] },
  draw(pen, look, labels) {
    const on = look.Spatial === 'on a table';
    drawTable(pen.labelled(labels('table')), on ? 0.25 : -0.55);
    drawCat(pen.at({ y: on ? -0.36 : 0.42, scale: 0.62, mirrored: look.Orientation === 'facing left' }), look.paint.base, look.paint.dark);
  },
});

function drawDuck(pen: Pen, base: number, dark: number): void {
  pen.polygon([0.8, -0.5, 1.25, -0.34, 0.8, -0.22], 0xf59a23);
  pen.polygon([...arc(-0.05, 0.2, 0.85, 0.62, 0, 0.5), -1.05, -0.35, -0.5, -0.02, 0.2, 0], base);
  pen.disc(0.42, -0.42, 0.46, base);
  pen.ellipse(-0.15, 0.32, 0.42, 0.24, dark);
  eye(pen, 0.54, -0.5, 0.14);
}

function drawCat(pen: Pen, base: number, dark: number): void {
  pen.bar([-0.75, 0.3, -1.05, -0.1, -0.95, -0.55], 0.16, base);
  pen.ellipse(-0.15, 0.38, 0.75, 0.46, base);
  for (const x of [-0.6, -0.3, 0.15, 0.42]) pen.box(x - 0.1, 0.55, x + 0.1, 0.98, base);
  pen.ellipse(-0.15, 0.38, 0.68, 0.39, base, 0);
  pen.polygon([0.28, -0.4, 0.3, -1, 0.66, -0.6], dark);
  pen.polygon([0.62, -0.6, 1.02, -1, 1.02, -0.36], dark);
  pen.disc(0.65, -0.25, 0.46, base);
  eye(pen, 0.62, -0.34, 0.13);
  eye(pen, 0.92, -0.32, 0.11);
  pen.disc(0.92, -0.08, 0.08, INK, 0);
}

function drawTable(pen: Pen, top: number): void {
  const wood = 0xa8703c;
  for (const x of [-0.85, 0.85]) pen.box(x - 0.09, top, x + 0.09, 1, wood, 0.06);
  pen.box(-1.05, top, 1.05, top + 0.22, wood, 0.06);
}

function eye(pen: Pen, x: number, y: number, radius: number): void {
  pen.disc(x, y, radius, WHITE, 0.05);
  pen.disc(x + radius * 0.2, y, radius * 0.5, INK, 0);
}
