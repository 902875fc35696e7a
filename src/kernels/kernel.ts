/** One compute dispatch. Bindings lie in group 0, numbered from 0: the operands in order, then the output. */
export interface Kernel {
  /** Operator and shapes, for profiles and shader errors. */
  readonly label: string;
  readonly wgsl: string;
  /** Every dimension at most 65535. */
  readonly workgroups: readonly [number, number, number];
}

/** What the adapter allows, as far as kernels care. */
export interface KernelLimits {
  readonly maxInvocations: number;
  /** Bytes. */
  readonly maxWorkgroupStorage: number;
  readonly f16: boolean;
  /** The adapter is a CPU (SwiftShader, lavapipe): barriers and workgroup memory cost more there than they save. */
  readonly software: boolean;
}

/** A view of an operand's buffer: element (i0, i1, ...) of the shape lies at offset + sum(i * strides). Lets transposes and broadcasts be read in place. */
export interface View {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
}

/** What happens to each element of a contraction's result before it is stored (bias, residual, activation). */
export interface Epilogue {
  /** WGSL declarations: bindings after the kernel's own operands (numbered from `firstBinding`) and functions. */
  declarations(firstBinding: number): string;
  /** How many operands it binds. */
  readonly bindings: number;
  /** WGSL expression of the stored value, from expressions of the result and of its row-major index (u32). */
  apply(value: string, index: string): string;
}
