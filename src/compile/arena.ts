/** A block wanted from step `first` to step `last`, both included. */
export interface Lifetime {
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

const ALIGNMENT = 256;

export function align(bytes: number): number {
  return Math.ceil(Math.max(bytes, 4) / ALIGNMENT) * ALIGNMENT;
}

/** Places blocks so that none that live at once overlap: largest first, each in the lowest gap that holds it. Deterministic. */
export function arrange(lifetimes: readonly Lifetime[]): { readonly offsets: readonly number[]; readonly bytes: number } {
  const order = lifetimes.map((_, i) => i).sort((a, b) => lifetimes[b]!.bytes - lifetimes[a]!.bytes || a - b);
  const offsets = new Array<number>(lifetimes.length).fill(0);
  const placed: number[] = [];
  let total = 0;
  for (const i of order) {
    const wanted = lifetimes[i]!;
    let offset = 0;
    for (const j of placed) {
      const other = lifetimes[j]!;
      if (other.last < wanted.first || wanted.last < other.first) continue;
      if (offsets[j]! >= offset + align(wanted.bytes)) break;
      offset = Math.max(offset, offsets[j]! + align(other.bytes));
    }
    offsets[i] = offset;
    let at = placed.findIndex((j) => offsets[j]! > offset);
    if (at < 0) at = placed.length;
    placed.splice(at, 0, i);
    total = Math.max(total, offset + align(wanted.bytes));
  }
  return { offsets, bytes: total };
}
