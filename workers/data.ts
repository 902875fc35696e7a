import { expose, transfer } from 'comlink';
import { decodePicture } from '../src/data/decode-browser';
import { fileInMemory } from '../src/data/files';
import type { Picture } from '../src/data/pictures';
import { failureOf } from '../src/engine/failure';
import type { Answer } from '../src/engine/api';
import { live } from './life';

/** Decodes pictures beside the engine, so that training need not wait for JPEGs. */
const api = {
  async decode(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<Answer<Picture>> {
    try {
      const picture = await decodePicture(fileInMemory(path, bytes));
      return transfer({ ok: true, value: picture }, [picture.data.buffer as ArrayBuffer]);
    } catch (error) {
      return { ok: false, failure: failureOf(error) };
    }
  },
};

export type DataWorker = typeof api;

live();
expose(api);
