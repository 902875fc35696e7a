import { proxy, wrap } from 'comlink';
import type { EngineApi } from '../engine/api';
import { loseEngine } from '../state/store';
import { mount } from './mount';

const worker = new Worker(new URL('../../workers/engine.ts', import.meta.url), { type: 'module' });
worker.addEventListener('error', (event) => {
  loseEngine(event.message ? `${event.message}\n${event.filename}:${event.lineno}` : 'Its script could not be loaded.');
});

const engine = wrap<EngineApi>(worker);
mount(engine as unknown as EngineApi, (listener) => engine.subscribe(proxy(listener)));
