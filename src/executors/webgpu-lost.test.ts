import { expect, it } from 'vitest';
import { openNodeGpu } from '../gpu/node';
import { tensorFrom } from '../ir/tensor';
import { GraphBuilder } from '../ops/builder';
import { webgpuExecutor } from './webgpu';

const gpu = await openNodeGpu();

it.skipIf(!gpu)('says that the device was lost, whatever fails first because of it', async () => {
  const builder = new GraphBuilder('negate');
  const graph = builder.build([builder.add('Neg', [builder.input('x', { dtype: 'float32', shape: [4] })], {}, { output: 'y' })]);
  const program = await webgpuExecutor(gpu!).compile({ graphs: { negate: graph }, weights: () => Promise.resolve(new Uint8Array()) });
  const run = (): Promise<unknown> => program.run('negate', { x: tensorFrom('float32', [4], [1, 2, 3, 4]) });
  const interrupted = run();
  await Promise.resolve();
  gpu!.device.destroy();
  await expect(interrupted).rejects.toThrow(/graphics device was lost/);
  await expect(run()).rejects.toThrow(/graphics device was lost/);
  await program.dispose();
});
