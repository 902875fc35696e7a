import { DISTANCES, kind } from '../kind';
import { INK, WHITE } from '../pen';

const GLASS = 0xbfe0f2;
const WOOD = 0x7a4a24;
const DIRECTIONS = ['pointing up', 'pointing right', 'pointing down', 'pointing left'] as const;

export const car = kind({
  name: 'car',
  extent: 0.32,
  attributes: { Orientation: ['facing left', 'facing right'], State: ['with its lights on', 'with its lights off'] },
  draw(pen, look) {
    const on = look.State === 'with its lights on';
    const side = pen.at({ mirrored: look.Orientation === 'facing left' }).at({ x: -0.22, scale: 0.9 });
    const glass = on ? 0xffe55c : GLASS;
    if (on) side.labelled(0).polygon([0.9, 0.05, 1.65, -0.5, 1.65, 0.7, 0.9, 0.25], 0xffe55c, 0.05);
    side.polygon([-1, 0.45, -1, -0.08, -0.72, -0.14, -0.5, -0.68, 0.22, -0.68, 0.5, -0.12, 0.92, -0.02, 1, 0.45], look.paint.base);
    side.polygon([-0.52, -0.14, -0.38, -0.52, -0.14, -0.52, -0.14, -0.14], glass, 0.05);
    side.polygon([0, -0.14, 0, -0.52, 0.16, -0.52, 0.34, -0.14], glass, 0.05);
    for (const x of [-0.55, 0.55]) {
      side.disc(x, 0.46, 0.27, INK);
      side.disc(x, 0.46, 0.12, 0xb8b8b8, 0);
    }
    side.disc(0.9, 0.14, 0.14, on ? 0xfff27a : 0x55555c, 0.05);
    side.box(-1, 0.05, -0.86, 0.25, 0x8a1414, 0.04);
  },
});

export const boat = kind({
  name: 'boat',
  mirrors: true,
  attributes: { Presence: ['with a sail', 'without a sail'], 'Camera Perspective': DISTANCES },
  draw(pen, look) {
    pen.line([0, 0.4, 0, -1], 0.13, WOOD);
    if (look.Presence === 'with a sail') {
      pen.polygon([0.1, -0.98, 0.85, 0.2, 0.1, 0.2], WHITE);
      pen.polygon([-0.1, -0.85, -0.1, 0.2, -0.62, 0.2], look.paint.light);
    }
    pen.polygon([-1.05, 0.32, 1.05, 0.32, 0.7, 0.9, -0.7, 0.9], look.paint.base);
    pen.line([-0.88, 0.5, 0.88, 0.5], 0.1, look.paint.dark);
    pen.labelled(0).line([-1.2, 0.95, -0.7, 0.9, -0.2, 0.97, 0.3, 0.9, 0.8, 0.97, 1.2, 0.9], 0.16, 0x3f86c8);
  },
});

export const rocket = kind({
  name: 'rocket',
  extent: 0.3,
  attributes: { Orientation: DIRECTIONS, Presence: ['with flames', 'without flames'] },
  draw(pen, look) {
    const body = pen.at({ turns: DIRECTIONS.indexOf(look.Orientation) / 4 }).at({ y: -0.08, scale: 0.94 });
    if (look.Presence === 'with flames') {
      body.labelled(0).polygon([-0.4, 0.55, -0.66, 1.15, -0.3, 1, 0, 1.5, 0.3, 1, 0.66, 1.15, 0.4, 0.55], 0xf26a1b, 0.05);
      body.labelled(0).polygon([-0.24, 0.55, 0, 1.2, 0.24, 0.55], 0xffe36b, 0);
    }
    body.polygon([-0.3, 0.05, -0.8, 0.45, -0.75, 0.85, -0.3, 0.55], look.paint.dark);
    body.polygon([0.3, 0.05, 0.8, 0.45, 0.75, 0.85, 0.3, 0.55], look.paint.dark);
    body.polygon([0, -1.15, 0.26, -0.8, 0.4, -0.35, 0.4, 0.25, 0.3, 0.62, -0.3, 0.62, -0.4, 0.25, -0.4, -0.35, -0.26, -0.8], WHITE);
    body.polygon([0, -1.15, 0.26, -0.8, 0.39, -0.42, -0.39, -0.42, -0.26, -0.8], look.paint.base);
    body.polygon([0.4, 0.25, 0.3, 0.62, -0.3, 0.62, -0.4, 0.25], look.paint.base);
    body.disc(0, -0.05, 0.2, GLASS);
  },
});
