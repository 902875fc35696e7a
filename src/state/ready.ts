import { combinationOf, executorFor, planSentence } from './plan';
import { isBusy } from './run';
import type { PageState } from './store';

/** Whether Tune can be pressed, and the sentence under it. */
export function readiness({ probe, settings, slots, run, paces, measured }: PageState): { readonly ready: boolean; readonly sentence: string } {
  if (isBusy(run.phase)) return { ready: false, sentence: 'A run is under way.' };
  if (Object.values(measured).some(({ progress }) => progress)) return { ready: false, sentence: 'An evaluation is under way.' };
  const executor = executorFor(settings, probe);
  const [clip, diffusion] = [slots.clip.info, slots.diffusion.info];
  const reading = Object.values(slots).find((slot) => slot.reading !== undefined)?.reading;
  if (reading !== undefined) return { ready: false, sentence: `Reading ${reading}…` };
  if (!executor) return { ready: false, sentence: 'Looking at what this machine offers…' };
  if (!clip || !diffusion || !slots.pictures.info) return { ready: false, sentence: 'Choose eyes, a teacher and pictures first.' };
  const pace = paces[combinationOf(settings, executor, clip, diffusion)];
  return { ready: true, sentence: planSentence(settings, clip, executor, slots.benchmark.info?.pairs, pace) };
}
