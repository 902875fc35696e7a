import { expose, transfer, wrap } from 'comlink';
import { pictureHeader, type DecodePicture } from '../src/data/pictures';
import { Session } from '../src/engine/session';
import { browserMachine } from '../src/engine/browser';
import { UserError } from '../src/ir/errors';
import type { DataWorker } from './data';

/** What ONNX Runtime calls its threads: they load this script again, each as a worker, and must not become engines with decoders of their own. */
const THREAD = 'em-pthread';

function serve(): void {
  const data = wrap<DataWorker>(new Worker(new URL('./data.ts', import.meta.url), { type: 'module' }));
  const decode: DecodePicture = async (file) => {
    // What is no picture is told by its first bytes: the whole may unpack to gigabytes.
    await pictureHeader(file);
    const bytes = await file.read();
    const answer = await data.decode(file.path, transfer(bytes, [bytes.buffer]));
    if (!answer.ok) throw new UserError(answer.failure.message, '', '');
    return answer.value;
  };
  expose(new Session(browserMachine(decode)));
}

if (self.name !== THREAD) serve();
