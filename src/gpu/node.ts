import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { openGpu, type Gpu } from './device';

const SOFTWARE_DRIVER_FOLDERS = ['/usr/lib/chromium', '/usr/lib/chromium-browser', '/opt/google/chrome', '/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d'];
const SOFTWARE_DRIVERS = [/^vk_swiftshader_icd\.json$/, /^lvp_icd.*\.json$/];

/** Dawn's instances, by driver: devices crash once theirs is collected. */
const instances = new Map<string | undefined, GPU>();

/**
 * Opens a device in Node through Dawn: a hardware adapter, else an installed software driver; undefined where there is neither.
 * @param driver the description of a Vulkan driver to use instead, one of `softwareDrivers()`
 */
export async function openNodeGpu(driver?: string): Promise<Gpu | undefined> {
  process.env.XDG_RUNTIME_DIR ??= tmpdir();
  const [preferred] = process.env.VK_ICD_FILENAMES || hasHardware() ? [] : softwareDrivers();
  // The loader reads it whenever an instance is made.
  if (driver ?? preferred) process.env.VK_ICD_FILENAMES = driver ?? preferred;
  const { create, globals } = await import('webgpu');
  Object.assign(globalThis, globals);
  if (!instances.has(driver)) instances.set(driver, create([]));
  return openGpu(instances.get(driver));
}

/** Linux shows a GPU as a render node or as NVIDIA's control device; elsewhere the system's own driver is there. */
function hasHardware(): boolean {
  if (process.platform !== 'linux') return true;
  const renderNode = existsSync('/dev/dri') && readdirSync('/dev/dri').some((name) => name.startsWith('renderD'));
  return renderNode || existsSync('/dev/nvidiactl');
}

/** Descriptions of the software Vulkan drivers: those that VK_ICD_FILENAMES names, else the installed ones, SwiftShader first. */
export function softwareDrivers(): string[] {
  const named = process.env.VK_ICD_FILENAMES?.split(delimiter).filter(Boolean);
  if (named?.length) return named;
  return SOFTWARE_DRIVERS.flatMap((pattern) => {
    const found = SOFTWARE_DRIVER_FOLDERS.flatMap((folder) => (existsSync(folder) ? readdirSync(folder).map((name) => ({ folder, name })) : [])).find(({ name }) => pattern.test(name));
    return found ? [join(found.folder, found.name)] : [];
  });
}
