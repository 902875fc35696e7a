import { UserError } from '../ir/errors';

/** An opened device, with what planning and people need to know of it. */
export interface Gpu {
  readonly device: GPUDevice;
  readonly kind: 'hardware' | 'software';
  /** Adapter, for people and for run.json. */
  readonly description: string;
  readonly features: { readonly f16: boolean; readonly subgroups: boolean; readonly timestamps: boolean };
  /** Rejects work with the reason, once the device is lost or an uncaptured error has come. */
  check(): void;
  close(): void;
}

const WANTED_LIMITS = [
  'maxBufferSize', 'maxStorageBufferBindingSize', 'maxStorageBuffersPerShaderStage', 'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup', 'maxComputeWorkgroupSizeX', 'maxComputeWorkgroupsPerDimension',
] as const;
const WANTED_FEATURES = ['shader-f16', 'subgroups', 'timestamp-query'] as const;
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|software|warp|basic render/i;

/** The best adapter, opened with its largest useful limits; undefined where there is none. */
export async function openGpu(gpu: GPU | undefined): Promise<Gpu | undefined> {
  const adapter = await gpu?.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) return undefined;
  const requiredLimits = Object.fromEntries(WANTED_LIMITS.map((limit) => [limit, adapter.limits[limit]]));
  const requiredFeatures = WANTED_FEATURES.filter((feature) => adapter.features.has(feature));
  const device = await adapter.requestDevice({ requiredLimits, requiredFeatures });
  return watch(device, adapter.info);
}

function watch(device: GPUDevice, info: GPUAdapterInfo): Gpu {
  const description = [info.vendor, info.architecture, info.device, info.description].filter(Boolean).join(' ') || 'WebGPU adapter';
  let failure: UserError | undefined;
  let closed = false;
  void device.lost.then(({ message }) => {
    if (!closed) failure = new UserError(`The graphics device was lost: ${message}`, description, 'Close other programs that use the GPU or take a smaller batch, and start again');
  });
  device.onuncapturederror = ({ error }) => {
    failure ??= new UserError(`The graphics device reported an error: ${error.message}`, description, 'Use a smaller batch if memory ran out; otherwise report this message');
  };
  return {
    device,
    kind: info.isFallbackAdapter || SOFTWARE.test(description) ? 'software' : 'hardware',
    description,
    features: { f16: device.features.has('shader-f16'), subgroups: device.features.has('subgroups'), timestamps: device.features.has('timestamp-query') },
    check() {
      if (failure) throw failure;
    },
    close() {
      closed = true;
      device.destroy();
    },
  };
}
