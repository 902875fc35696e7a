import type { DecodePicture } from '../data/pictures';
import { createWebOrt } from '../executors/ort-web';
import { webgpuExecutor } from '../executors/webgpu';
import { openGpu } from '../gpu/device';
import { UserError } from '../ir/errors';
import { HUB_ENDPOINT } from '../models/hub';
import type { Probe } from './api';
import { breathing } from './breathing';
import { browserStore } from './hub-store';
import type { Machine } from './machine';
import { browserShelf } from './shelf-browser';

/** The page's own address, whatever folder it is served from: workers lie under assets/ in a build. */
const ROOT = new URL(import.meta.env.BASE_URL, import.meta.env.DEV ? self.location.origin : new URL('..', self.location.href));

/** A browser's worker as the place where a session runs. */
export function browserMachine(decode: DecodePicture): Machine {
  let probed: Promise<Probe> | undefined;
  return {
    decode,
    hub: { endpoint: HUB_ENDPOINT, store: browserStore },
    shelf: browserShelf(),
    probe: () => (probed ??= probe()),
    async openExecutor(kind) {
      if (kind === 'wasm') return breathing(createWebOrt());
      const gpu = await openGpu(navigator.gpu);
      if (!gpu) throw new UserError('This browser offers no WebGPU adapter', 'executor', 'Choose WASM, or turn on WebGPU (chrome://gpu tells why it is off)');
      return webgpuExecutor(gpu);
    },
    async bundled(path) {
      const response = await fetch(new URL(path.split('/').map(encodeURIComponent).join('/'), ROOT)).catch(() => undefined);
      if (!response?.ok) throw new UserError(`A file of the page cannot be fetched (${response?.status ?? 'no answer'})`, path, 'Check that the page is still being served, and reload it');
      return new Uint8Array(await response.arrayBuffer());
    },
  };
}

async function probe(): Promise<Probe> {
  const gpu = await openGpu(navigator.gpu);
  gpu?.close();
  const webgpu = gpu?.kind ?? 'none';
  const recommended = webgpu === 'hardware' ? 'webgpu' : 'wasm';
  const reason = {
    hardware: `WebGPU on ${gpu?.description ?? ''}.`,
    software: `The only WebGPU adapter here is a program on the processor (${gpu?.description ?? ''}), which is 10 to 60 times slower than WASM.`,
    none: navigator.gpu ? 'This browser has WebGPU but found no adapter for it.' : 'This browser has no WebGPU.',
  }[webgpu];
  return { webgpu, adapter: gpu?.description ?? '', f16: gpu?.features.f16 ?? false, crossOriginIsolated: self.crossOriginIsolated, recommended, reason };
}
