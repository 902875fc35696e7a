import { isBusy } from '../state/run';
import { usePage } from '../state/store';

/** Says in the tab's title how far a run is, asks before a run is lost with the tab, and begins at the top after a reload, where a run that was broken off is offered. */
export function watchWindow(): void {
  history.scrollRestoration = 'manual';
  usePage.subscribe(({ run }, before) => {
    if (run === before.run) return;
    const title = isBusy(run.phase) && run.steps ? `${run.step}/${run.steps} · SeeBetter` : 'SeeBetter';
    if (document.title !== title) document.title = title;
  });
  window.addEventListener('beforeunload', (event) => {
    if (isBusy(usePage.getState().run.phase)) event.preventDefault();
  });
}
