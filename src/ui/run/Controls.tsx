import { useLayoutEffect, useRef, type ReactElement } from 'react';
import { isBusy } from '../../state/run';
import { pause, resume, stop, usePage } from '../../state/store';
import { TUNE_ID } from '../cards/TuneBar';
import { SteadyButton } from '../SteadyButton';
import styles from './RunPanel.module.css';

export function Controls(): ReactElement | null {
  const busy = usePage((state) => isBusy(state.run.phase));
  return busy ? <Buttons /> : null;
}

function Buttons(): ReactElement {
  const phase = usePage((state) => state.run.phase);
  const asked = usePage((state) => state.run.asked);
  const group = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = group.current;
    // The focus goes on to Tune when the run's end takes these away.
    return () => {
      if (element?.contains(document.activeElement)) document.getElementById(TUNE_ID)?.focus({ preventScroll: true });
    };
  }, []);
  const paused = phase === 'paused';
  return (
    <div ref={group} className={styles.controls}>
      <SteadyButton size="xs" variant="default" off={asked !== undefined || (!paused && phase !== 'training')} onClick={() => void (paused ? resume() : pause())}>{paused ? 'Resume' : 'Pause'}</SteadyButton>
      <SteadyButton size="xs" variant="default" off={asked === 'stop'} onClick={() => void stop()}>Stop</SteadyButton>
    </div>
  );
}
