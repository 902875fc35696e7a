import { combinationOf, executorFor, planSentence } from './plan';
import { isBusy } from './run';
import type { PageState } from './page';

/** What the engine is at, so that its inputs must hold still. */
export function workUnderWay({ run, measured }: PageState): 'A run' | 'An evaluation' | undefined {
  if (isBusy(run.phase)) return 'A run';
  return Object.values(measured).some(({ progress }) => progress) ? 'An evaluation' : undefined;
}

/** Whether Tune can be pressed, and the sentence under it. */
export function readiness(state: PageState): { readonly ready: boolean; readonly sentence: string } {
  const { probe, settings, slots, paces, broken } = state;
  if (broken) return { ready: false, sentence: 'The engine is gone: start it again, at the top.' };
  const work = workUnderWay(state);
  if (work) return { ready: false, sentence: `${work} is under way.` };
  const executor = executorFor(settings, probe);
  const [clip, diffusion] = [slots.clip.info, slots.diffusion.info];
  const waiting = Object.values(slots).find((slot) => slot.reading !== undefined);
  if (waiting) return { ready: false, sentence: `${waiting.progress ? 'Downloading' : 'Reading'} ${waiting.reading}…` };
  if (!executor) return { ready: false, sentence: 'Looking at what this machine offers…' };
  if (!clip || !diffusion || !slots.pictures.info) return { ready: false, sentence: 'Choose eyes, a teacher and pictures first.' };
  const pace = paces[combinationOf(settings, executor, clip, diffusion)];
  return { ready: true, sentence: planSentence(settings, clip, executor, slots.benchmark.info?.pairs, pace) };
}
