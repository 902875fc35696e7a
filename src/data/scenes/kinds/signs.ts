import { kind } from '../kind';
import { arc, INK, WHITE } from '../pen';
import { TEXTS, write } from '../glyphs';

const POLE = 0x6b5a4a;
const POINTING = ['pointing right', 'pointing down', 'pointing left', 'pointing up'] as const;

export const arrow = kind({
  name: 'arrow',
  extent: 0.3,
  attributes: { Orientation: POINTING, 'Structural Character': ['solid', 'hollow'] },
  draw(pen, look) {
    const turned = pen.at({ turns: POINTING.indexOf(look.Orientation) / 4 });
    const outline = [1.05, 0, 0.2, -0.85, 0.2, -0.36, -1.02, -0.36, -1.02, 0.36, 0.2, 0.36, 0.2, 0.85];
    turned.polygon(outline, look.paint.base, 0.1);
    if (look['Structural Character'] === 'hollow') turned.polygon([0.82, 0, 0.37, -0.48, 0.37, -0.2, -0.86, -0.2, -0.86, 0.2, 0.37, 0.2, 0.37, 0.48], WHITE, 0.06);
  },
});

export const sign = kind({
  name: 'sign',
  extent: 0.31,
  attributes: { Text: TEXTS, 'Structural Character': ['round', 'square'] },
  draw(pen, look) {
    pen.bar([0, 0.4, 0, 1.2], 0.14, POLE, 0.05);
    if (look['Structural Character'] === 'round') pen.disc(0, -0.2, 0.92, look.paint.base);
    else pen.box(-0.85, -1.05, 0.85, 0.65, look.paint.base);
    write(pen, look.Text, 0, -0.2, 0.56, 0.5, WHITE);
  },
});

export const flag = kind({
  name: 'flag',
  extent: 0.31,
  attributes: { Orientation: ['flying to the left', 'flying to the right'], 'Structural Character': ['with horizontal stripes', 'with vertical stripes'] },
  draw(pen, look) {
    const flying = pen.at({ mirrored: look.Orientation === 'flying to the left' });
    flying.bar([-0.78, -1, -0.78, 1.1], 0.12, POLE, 0.05);
    flying.box(-0.7, -0.98, 1.05, 0.28, WHITE, 0);
    if (look['Structural Character'] === 'with horizontal stripes') for (const y of [-0.98, -0.48, 0.02]) flying.box(-0.7, y, 1.05, y + 0.26, look.paint.base, 0);
    else for (const x of [-0.7, -0.02, 0.68]) flying.box(x, -0.98, x + 0.37, 0.28, look.paint.base, 0);
    flying.line([-0.7, -0.98, 1.05, -0.98, 1.05, 0.28, -0.7, 0.28], 0.09, INK);
  },
});

export const shirt = kind({
  name: 'shirt',
  extent: 0.31,
  attributes: { Text: TEXTS, Presence: ['with sleeves', 'without sleeves'] },
  draw(pen, look) {
    if (look.Presence === 'with sleeves') {
      for (const mirrored of [false, true]) pen.at({ mirrored }).polygon([0.5, -0.88, 0.85, -0.72, 1.2, 0.42, 0.82, 0.52, 0.5, -0.25], look.paint.base);
    }
    pen.polygon([-0.62, -0.88, -0.3, -0.95, ...arc(0, -0.95, 0.3, 0.25, 0.5, 0, 8), 0.3, -0.95, 0.62, -0.88, 0.64, 0.95, -0.64, 0.95], look.paint.base);
    write(pen, look.Text, 0, 0.14, 0.46, 0.46, WHITE);
  },
});

export const block = kind({
  name: 'block',
  extent: 0.29,
  attributes: { Text: TEXTS, 'Camera Perspective': ['seen from the front', 'seen from the corner'] },
  draw(pen, look) {
    if (look['Camera Perspective'] === 'seen from the front') {
      pen.box(-0.9, -0.9, 0.9, 0.9, look.paint.base);
      pen.box(-0.7, -0.7, 0.7, 0.7, WHITE, 0.05);
      write(pen, look.Text, 0, 0, 0.46, 0.48, look.paint.dark);
      return;
    }
    pen.polygon([-0.98, -0.55, -0.4, -1.1, 1.1, -0.98, 0.55, -0.38], look.paint.light);
    pen.polygon([0.55, -0.38, 1.1, -0.98, 1.1, 0.35, 0.55, 1.02], look.paint.dark);
    pen.polygon([-0.98, -0.55, 0.55, -0.38, 0.55, 1.02, -0.98, 0.8], look.paint.base);
    pen.polygon([-0.82, -0.36, 0.39, -0.22, 0.39, 0.82, -0.82, 0.64], WHITE, 0.05);
    write(pen, look.Text, -0.21, 0.22, 0.4, 0.38, look.paint.dark);
  },
});
