import { Button, TextInput } from '@mantine/core';
import { useState, type ReactElement } from 'react';
import type { SettingValue } from '../../engine/api';
import { plural } from '../../state/format';
import { parseValue } from '../../state/settings';
import { changeSettings, ownSettings, problemWith, usePage } from '../../state/store';
import styles from './Card.module.css';

/** A setting under its name on the command line; what no run would take is named while it is typed. */
function Field({ name }: { readonly name: string }): ReactElement {
  const value = usePage((state) => state.settings.more[name]);
  const [typed, setTyped] = useState<string>();
  const [problem, setProblem] = useState<{ readonly value: SettingValue; readonly why: string }>();
  const type = (text: string): void => {
    const typedValue = parseValue(text);
    setTyped(text);
    changeSettings({ more: { [name]: typedValue } });
    void problemWith(name).then((why) => setProblem(why === undefined ? undefined : { value: typedValue, why }));
  };
  const error = problem?.value === value && problem?.why;
  return <TextInput size="xs" label={name.replaceAll('_', ' ')} autoComplete="off" value={typed ?? String(value)} error={error} onChange={(event) => type(event.currentTarget.value)} onBlur={() => setTyped(undefined)} />;
}

/** What a run is told beside the fields above, whatever that is; nothing goes into a run that does not stand here. */
export function MoreSettings(): ReactElement | null {
  const names = usePage((state) => Object.keys(state.settings.more).join(' ')).split(' ').filter(Boolean);
  const models = usePage((state) => state.advice?.models);
  const changed = usePage((state) => Object.keys(state.own).length > 0);
  if (!names.length) return null;
  return (
    <>
      <details className={styles.more}>
        <summary>{plural(names.length, 'more setting')}</summary>
        <div className={styles.pair}>{names.map((name) => <Field key={name} name={name} />)}</div>
      </details>
      {models !== undefined && <p className="small muted">Chosen for {models}, but for what you change.</p>}
      {changed && <Button size="compact-xs" variant="default" style={{ justifySelf: 'start' }} onClick={() => ownSettings({})}>Take back my changes</Button>}
    </>
  );
}
