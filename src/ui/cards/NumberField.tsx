import { TextInput } from '@mantine/core';
import { useState, type ReactElement } from 'react';
import { formatSetting } from '../../state/format';
import { inRange, RANGES, type NumberKey } from '../../state/settings';
import { changeSettings, usePage } from '../../state/store';

interface NumberFieldProps {
  readonly setting: NumberKey;
  readonly label: string;
  readonly hint?: string;
}

/**
 * One number of the recipe. A value that cannot be used is named while it is typed and stays, named, until another one is set: what vanished when the field is left
 * would move the page under the click that left it.
 */
export function NumberField({ setting, label, hint }: NumberFieldProps): ReactElement {
  const value = usePage((state) => state.settings[setting]);
  const [typed, setTyped] = useState<{ readonly text: string; readonly beside: number }>();
  const { min, max, whole } = RANGES[setting];
  const usable = (text: string): boolean => text.trim() !== '' && inRange(setting, Number(text));
  const type = (text: string): void => {
    const good = usable(text);
    setTyped({ text, beside: good ? Number(text) : value });
    if (good) changeSettings({ [setting]: Number(text) });
  };
  const text = typed?.beside === value ? typed.text : formatSetting(value);
  const bad = !usable(text);
  return (
    <TextInput
      size="xs" label={label} description={hint} inputMode={whole ? 'numeric' : 'decimal'} autoComplete="off"
      value={text}
      error={bad && `${whole ? 'A whole number' : 'A number'} from ${formatSetting(min)} to ${max.toLocaleString('en')}; ${formatSetting(value)} stays`}
      onChange={(event) => type(event.currentTarget.value)}
      onBlur={() => bad || setTyped(undefined)}
    />
  );
}
