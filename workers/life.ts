/**
 * How the owner of a worker learns that it is gone. Browsers tell of a script that does not load and of an exception that nobody catches, but not of a worker
 * that was ended, for want of memory say: so a worker holds a lock for as long as it lives, and its owner waits for that lock. Where the page is served
 * without HTTPS from another machine, browsers offer no locks, and only what they tell is learnt.
 */

const ALIVE = 'alive';

/** To be called once by a worker that startWorker has started. */
export function live(): void {
  // Whoever asked would wait for ever: what nobody catches reaches the owner.
  addEventListener('messageerror', () => {
    throw new Error('A message to the worker could not be read');
  });
  if (!('locks' in navigator)) return;
  void navigator.locks.request(self.name, () => {
    postMessage(ALIVE);
    return new Promise(() => undefined);
  });
}

/** Starts a worker that calls {@link live}, under the name it is to have; `onEnd` hears once why it is gone. */
export function startWorker(start: (name: string) => Worker, onEnd: (why: string) => void): Worker {
  const name = `seebetter ${Math.random()}`;
  const worker = start(name);
  let ended = false;
  const end = (why: string): void => {
    if (ended) return;
    ended = true;
    worker.terminate();
    onEnd(why);
  };
  worker.addEventListener('error', (event) => {
    event.preventDefault();
    end(event.message ? `${event.message}\n${event.filename}:${event.lineno}` : 'Its script could not be loaded.');
  });
  worker.addEventListener('messageerror', () => end('A message from it could not be read.'));
  worker.addEventListener('message', ({ data }) => {
    if (data === ALIVE) void navigator.locks.request(name, () => end('It ended without a word.'));
  });
  return worker;
}
