import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openGpu, type Gpu } from './device';

const SOFTWARE_DRIVER_FOLDERS = ['/usr/lib/chromium', '/usr/lib/chromium-browser', '/opt/google/chrome', '/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d'];
const SOFTWARE_DRIVERS = [/^vk_swiftshader_icd\.json$/, /^lvp_icd.*\.json$/];

/** Dawn's instance: devices crash once it is collected. */
let instance: GPU | undefined;

/** Opens a device in Node through Dawn: a hardware adapter, else an installed software driver; undefined where there is neither. */
export async function openNodeGpu(): Promise<Gpu | undefined> {
  process.env.XDG_RUNTIME_DIR ??= tmpdir();
  if (!process.env.VK_ICD_FILENAMES && !hasHardware()) {
    const driver = softwareDriver();
    if (driver) process.env.VK_ICD_FILENAMES = driver;
  }
  const { create, globals } = await import('webgpu');
  Object.assign(globalThis, globals);
  instance ??= create([]);
  return openGpu(instance);
}

/** Linux shows a GPU as a render node or as NVIDIA's control device; elsewhere the system's own driver is there. */
function hasHardware(): boolean {
  if (process.platform !== 'linux') return true;
  const renderNode = existsSync('/dev/dri') && readdirSync('/dev/dri').some((name) => name.startsWith('renderD'));
  return renderNode || existsSync('/dev/nvidiactl');
}

function softwareDriver(): string | undefined {
  for (const pattern of SOFTWARE_DRIVERS) {
    for (const folder of SOFTWARE_DRIVER_FOLDERS) {
      const name = existsSync(folder) ? readdirSync(folder).find((file) => pattern.test(file)) : undefined;
      if (name) return join(folder, name);
    }
  }
  return undefined;
}
