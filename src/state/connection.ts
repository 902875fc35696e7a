import type { Answer, EngineApi, Failure } from '../engine/api';

/** Makes an engine, and says once why it is gone when it is. */
export type OpenEngine = (onEnd: (why: string) => void) => EngineApi;

/** The engine's proxy: it is callable, so it may not live in a store, whose setters would call it. */
let engine: EngineApi | undefined;

/** Ends every call that waits for an engine which will not answer it. */
let hangUp: (failure: Failure) => void = () => undefined;
let brokenOff: Promise<Answer<never>> | undefined;

/** From now on this engine is asked. */
export function connect(api: EngineApi): void {
  engine = api;
  brokenOff = new Promise((resolve) => (hangUp = (failure) => resolve({ ok: false, failure })));
}

/** The engine is gone: all that is asked of it fails so, until another one is connected. */
export function disconnect(failure: Failure): void {
  hangUp(failure);
}

/** The engine that is connected. */
export function theEngine(): EngineApi {
  if (!engine) throw new Error('internal: the engine is used before it is connected');
  return engine;
}

/** The answer to a call, also where the worker itself broke. */
export async function ask<T>(call: (api: EngineApi) => Promise<Answer<T>>): Promise<Answer<T>> {
  try {
    return await Promise.race([call(theEngine()), brokenOff!]);
  } catch (error) {
    const details = error instanceof Error ? `${error.message}\n${error.stack ?? ''}` : String(error);
    return { ok: false, failure: { message: 'The engine stopped answering. Reload the page; if it happens again, the details say where.', details } };
  }
}
