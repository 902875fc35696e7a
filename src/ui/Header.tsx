import { ActionIcon, useMantineColorScheme } from '@mantine/core';
import { useState, type ReactElement } from 'react';
import { formatBytes } from '../state/format';
import { executorFor, EXECUTOR_NAMES } from '../state/plan';
import { isBusy } from '../state/run';
import { usePage } from '../state/store';
import styles from './Header.module.css';
import { HelpDialog } from './HelpDialog';
import { EyeIcon, HelpIcon, MoonIcon, SunIcon, SystemIcon } from './icons';

const THEMES = {
  auto: { next: 'light', title: 'as the system', icon: <SystemIcon /> },
  light: { next: 'dark', title: 'light', icon: <SunIcon /> },
  dark: { next: 'auto', title: 'dark', icon: <MoonIcon /> },
} as const;

function ThemeButton(): ReactElement {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const { next, title, icon } = THEMES[colorScheme];
  return (
    <ActionIcon variant="subtle" color="gray" size="lg" aria-label={`Theme: ${title}`} title={`Theme: ${title}`} onClick={() => setColorScheme(next)}>
      {icon}
    </ActionIcon>
  );
}

/** What computes here: during and after a run what the run used, before it what it would use. */
function Facts(): ReactElement {
  const probe = usePage((state) => state.probe);
  const settings = usePage((state) => state.settings);
  const used = usePage((state) => (isBusy(state.run.phase) ? state.run.executor : ''));
  const memory = usePage((state) => state.run.memoryBytes);
  const executor = used || executorFor(settings, probe);
  if (!probe || !executor) return <div className={styles.facts}>Looking at what this machine offers</div>;
  return (
    <div className={styles.facts}>
      <span><strong>{EXECUTOR_NAMES[executor] ?? executor}</strong>{executor === 'webgpu' && ` · ${probe.adapter} · ${probe.f16 ? 'f16' : 'no f16'}`}</span>
      {memory > 0 && <span>memory <strong>{formatBytes(memory)}</strong></span>}
    </div>
  );
}

export function Header(): ReactElement {
  const [help, setHelp] = useState(false);
  return (
    <header className={styles.header}>
      <h1 className={styles.title}><EyeIcon /> SeeBetter</h1>
      <Facts />
      <div className={styles.tools}>
        <ThemeButton />
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label="Help" title="Help" onClick={() => setHelp(true)}><HelpIcon /></ActionIcon>
      </div>
      <HelpDialog opened={help} onClose={() => setHelp(false)} />
    </header>
  );
}
