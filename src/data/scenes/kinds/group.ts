import type { NUMBERS } from '../kind';
import type { Placement } from '../pen';
import type { Random } from '../random';

type Number = (typeof NUMBERS)[number];

/** Where the members of a group stand. */
const SPOTS: Readonly<Record<Number, readonly (readonly [x: number, y: number])[]>> = {
  one: [[0, 0]],
  two: [[-0.56, 0], [0.56, 0]],
  three: [[-0.56, 0.52], [0.56, 0.52], [0, -0.52]],
  four: [[-0.56, -0.54], [0.56, -0.54], [-0.56, 0.54], [0.56, 0.54]],
};

/** The fewer, the larger, as far as the frame allows. */
const SCALES: Readonly<Record<Number, number>> = { one: 0.72, two: 0.5, three: 0.48, four: 0.46 };

/** Placements of a group's members, each a little off its spot. The same stream gives the same members whatever their number. */
export function spread(count: Number, random: Random): Placement[] {
  const shifts = Array.from({ length: 4 }, () => [random.between(-0.06, 0.06), random.between(-0.06, 0.06)] as const);
  return SPOTS[count].map(([x, y], i) => ({ x: x + shifts[i]![0], y: y + shifts[i]![1], scale: SCALES[count] }));
}
