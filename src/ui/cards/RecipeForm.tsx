import { NativeSelect } from '@mantine/core';
import type { ReactElement } from 'react';
import type { ExecutorChoice, Settings } from '../../engine/api';
import { EXECUTOR_NAMES } from '../../state/plan';
import { changeSettings, usePage } from '../../state/store';
import styles from './Card.module.css';
import { MoreSettings } from './MoreSettings';
import { NumberField } from './NumberField';

function RecipeChoice(): ReactElement {
  const recipe = usePage((state) => state.settings.recipe);
  return (
    <NativeSelect
      size="xs" label="Recipe" value={recipe}
      data={[{ value: 'diva', label: 'DIVA: learn from the teacher' }, { value: 'control', label: 'Control: the same steps without its help' }]}
      onChange={(event) => changeSettings({ recipe: event.currentTarget.value as Settings['recipe'] })}
    />
  );
}

function ExecutorSelect(): ReactElement {
  const executor = usePage((state) => state.settings.executor);
  const probe = usePage((state) => state.probe);
  const auto = probe ? `Automatic: ${EXECUTOR_NAMES[probe.recommended]}` : 'Automatic';
  return (
    <>
      <NativeSelect
        size="xs" label="Executor" value={executor}
        data={[{ value: 'auto', label: auto }, { value: 'webgpu', label: 'WebGPU', disabled: probe?.webgpu === 'none' }, { value: 'wasm', label: 'WASM' }]}
        onChange={(event) => changeSettings({ executor: event.currentTarget.value as ExecutorChoice })}
      />
      <p className="small muted">{probe?.reason}</p>
    </>
  );
}

export function RecipeForm(): ReactElement {
  return (
    <>
      <RecipeChoice />
      <div className={styles.pair}>
        <NumberField setting="steps" label="Steps" />
        <NumberField setting="lr" label="Learning rate" />
        <NumberField setting="batch" label="Batch" hint="pictures at once" />
        <NumberField setting="accumulate" label="Accumulate" hint="batches a step" />
        <NumberField setting="draws" label="Draws" hint="noises a picture" />
        <NumberField setting="seed" label="Seed" hint="same seed, same run" />
        <NumberField setting="evaluateEvery" label="Compare every" hint="steps; 0: only at the end" />
      </div>
      <MoreSettings />
      <ExecutorSelect />
    </>
  );
}
