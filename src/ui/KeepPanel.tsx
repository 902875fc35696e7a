import { Button } from '@mantine/core';
import { useClipboard } from '@mantine/hooks';
import { useState, type ReactElement } from 'react';
import { reportOf } from '../state/report';
import { measuredOfRun } from '../state/inputs';
import { canExport } from '../state/run';
import { exportModel, theSeries, usePage } from '../state/store';
import { download } from './download';
import styles from './KeepPanel.module.css';
import { Panel } from './Panel';

function ExportButton(): ReactElement {
  const possible = usePage((state) => canExport(state.run));
  const name = usePage((state) => state.run.inputs.clip?.name ?? 'clip');
  const [working, setWorking] = useState(false);
  const save = async (): Promise<void> => {
    setWorking(true);
    const blob = await exportModel();
    setWorking(false);
    if (blob) download(blob, `${name.replace(/[^\w.-]+/g, '-')}-tuned.zip`);
  };
  return <Button variant="default" disabled={!possible} loading={working} onClick={() => void save()}>Export</Button>;
}

function saveReport(): void {
  const state = usePage.getState();
  const { settings, run } = state;
  const report = reportOf({ settings, run, series: theSeries(), measured: measuredOfRun(state) ? state.measured : {} });
  download(new Blob([JSON.stringify(report, null, 2)], { type: 'application/json' }), 'seebetter-report.json');
}

function LinkButton(): ReactElement {
  const { copy, copied, error } = useClipboard();
  return <Button variant="default" onClick={() => copy(location.href)}>{error ? 'See address bar' : copied ? 'Copied' : 'Copy link'}</Button>;
}

/** What outlives the tab: the tuned model, the numbers, the settings as an address. */
export function KeepPanel(): ReactElement {
  const measured = usePage((state) => state.run.step > 0);
  return (
    <Panel name="Keep">
      <div className={styles.rows}>
        <ExportButton />
        <p className="small muted">The tuned model as a zip, once a run is done or paused.</p>
        <Button variant="default" disabled={!measured} onClick={saveReport}>Report</Button>
        <p className="small muted">All settings and numbers as JSON.</p>
        <LinkButton />
        <p className="small muted">The address with these settings.</p>
      </div>
    </Panel>
  );
}
