import { proxy, wrap } from 'comlink';
import { startWorker } from '../../workers/life';
import type { EngineApi } from '../engine/api';
import { receive } from '../state/store';
import { mount } from './mount';

// Marks the listener as one that lives here, whichever engine is to call it.
proxy(receive);

mount((onEnd) => wrap<EngineApi>(startWorker((name) => new Worker(new URL('../../workers/engine.ts', import.meta.url), { type: 'module', name }), onEnd)) as unknown as EngineApi);
