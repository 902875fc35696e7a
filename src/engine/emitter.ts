import type { EngineEvent } from './api';

type Listener = (events: readonly EngineEvent[]) => void;

/** Hands events on in order, in batches at most ten times a second. */
export class Emitter {
  private listener: Listener | undefined;
  private waiting: EngineEvent[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;

  subscribe(listener: Listener): void {
    this.listener = listener;
    this.flush();
  }

  emit(event: EngineEvent): void {
    this.waiting.push(event);
    this.timer ??= setTimeout(() => this.flush(), 100);
  }

  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (!this.listener || !this.waiting.length) return;
    this.listener(this.waiting.splice(0));
  }
}
