import { transfer, wrap } from 'comlink';
import { pictureHeader, type DecodePicture, type Picture } from '../src/data/pictures';
import type { Answer } from '../src/engine/api';
import { UserError } from '../src/ir/errors';
import type { DataWorker } from './data';
import { startWorker } from './life';

interface Decoder {
  decode(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<Answer<Picture>>;
  /** Why its worker is gone, once it is. */
  readonly ended: Promise<string>;
}

/** A picture under which the worker ends is tried once more: it need not have been the reason. */
const ATTEMPTS = 2;

/** Decodes in a worker of its own, and where that is gone in another one. */
export function workerDecoder(): DecodePicture {
  let running: Decoder | undefined;
  const open = (): Decoder => startDecoder(() => (running = undefined));
  return async (file) => {
    // What is no picture is told by its first bytes: the whole may unpack to gigabytes.
    await pictureHeader(file);
    let why = '';
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const bytes = await file.read();
      const decoder = (running ??= open());
      const answer = await Promise.race([decoder.decode(file.path, bytes), decoder.ended]);
      if (typeof answer === 'string') why = answer;
      else if (answer.ok) return answer.value;
      else throw new UserError(answer.failure.message, '', '');
    }
    throw new UserError(`The browser's decoder broke off at it, twice: ${why}`, file.path, 'Leave it out, or save it smaller; if it is so with every picture, load the page again');
  };
}

function startDecoder(onEnd: () => void): Decoder {
  let end: (why: string) => void = () => undefined;
  const ended = new Promise<string>((resolve) => (end = resolve));
  const worker = startWorker((name) => new Worker(new URL('./data.ts', import.meta.url), { type: 'module', name }), (why) => {
    onEnd();
    end(why);
  });
  const data = wrap<DataWorker>(worker);
  return { ended, decode: (path, bytes) => data.decode(path, transfer(bytes, [bytes.buffer])) };
}
