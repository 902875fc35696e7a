import { Button } from '@mantine/core';
import type { ReactElement } from 'react';
import { isBusy } from '../../state/run';
import { pause, resume, stop, usePage } from '../../state/store';

export function Controls(): ReactElement | null {
  const phase = usePage((state) => state.run.phase);
  const asked = usePage((state) => state.run.asked);
  if (!isBusy(phase)) return null;
  return (
    <>
      {phase === 'paused'
        ? <Button size="xs" variant="default" disabled={asked !== undefined} onClick={() => void resume()}>Resume</Button>
        : <Button size="xs" variant="default" disabled={phase !== 'training' || asked !== undefined} onClick={() => void pause()}>Pause</Button>}
      <Button size="xs" variant="default" disabled={asked === 'stop'} onClick={() => void stop()}>Stop</Button>
    </>
  );
}
