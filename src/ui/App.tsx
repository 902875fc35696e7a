import type { ReactElement } from 'react';
import styles from './App.module.css';
import { Cards } from './cards/Cards';
import { TuneBar } from './cards/TuneBar';
import { ComparePanel } from './compare/ComparePanel';
import { DroppedNotice } from './DroppedNotice';
import { DropZone } from './DropZone';
import { Failures } from './Failures';
import { Header } from './Header';
import { HistoryPanel } from './HistoryPanel';
import { KeepPanel } from './KeepPanel';
import { KeptNotice } from './KeptNotice';
import { MachineNotice } from './MachineNotice';
import { MeasurePanel } from './measure/MeasurePanel';
import { RunPanel } from './run/RunPanel';

export function App(): ReactElement {
  return (
    <div className={styles.page}>
      <Header />
      <Failures />
      <KeptNotice />
      <DroppedNotice />
      <MachineNotice />
      <main className={styles.grid}>
        <div className={styles.setup}>
          <Cards />
          <TuneBar />
          <HistoryPanel />
        </div>
        <div className={styles.main}>
          <RunPanel />
          <ComparePanel />
          <MeasurePanel />
        </div>
        <KeepPanel />
      </main>
      <DropZone />
    </div>
  );
}
