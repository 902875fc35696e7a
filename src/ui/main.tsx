import { proxy, wrap } from 'comlink';
import type { EngineApi } from '../engine/api';
import { showFailure } from '../state/store';
import { mount } from './mount';

const worker = new Worker(new URL('../../workers/engine.ts', import.meta.url), { type: 'module' });
worker.addEventListener('error', (event) => {
  showFailure({
    message: 'The engine could not start or broke off. Reload the page; if it happens again, the details say where.',
    details: `${event.message}\n${event.filename}:${event.lineno}`,
  });
});

const engine = wrap<EngineApi>(worker);
mount(engine as unknown as EngineApi, (listener) => engine.subscribe(proxy(listener)));
