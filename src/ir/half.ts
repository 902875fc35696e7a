import { getFloat16, setFloat16 } from '@petamoriken/float16';

const scratch = new DataView(new ArrayBuffer(4));

/** Bit patterns of IEEE binary16 and of bfloat16, to and from numbers; rounds to nearest even. */
export const float16 = {
  toBits(value: number): number {
    setFloat16(scratch, 0, value);
    return scratch.getUint16(0);
  },
  fromBits(bits: number): number {
    scratch.setUint16(0, bits);
    return getFloat16(scratch, 0);
  },
  toBrainBits(value: number): number {
    scratch.setFloat32(0, value);
    if (Number.isNaN(value)) return 0x7fc0;
    const bits = scratch.getUint32(0);
    return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
  },
  fromBrainBits(bits: number): number {
    scratch.setUint32(0, bits << 16);
    return scratch.getFloat32(0);
  },
};
