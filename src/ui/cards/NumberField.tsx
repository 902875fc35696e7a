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

/** One number of the recipe. A value that cannot be used is named while it is typed and gives way to the last good one afterwards. */
export function NumberField({ setting, label, hint }: NumberFieldProps): ReactElement {
  const value = usePage((state) => state.settings[setting]);
  const [typed, setTyped] = useState<string>();
  const { min, max, whole } = RANGES[setting];
  const usable = (text: string): boolean => text.trim() !== '' && inRange(setting, Number(text));
  const type = (text: string): void => {
    setTyped(text);
    if (usable(text)) changeSettings({ [setting]: Number(text) });
  };
  return (
    <TextInput
      size="xs" label={label} description={hint} inputMode={whole ? 'numeric' : 'decimal'} autoComplete="off"
      value={typed ?? formatSetting(value)}
      error={typed !== undefined && !usable(typed) && `${whole ? 'A whole number' : 'A number'} from ${formatSetting(min)} to ${max.toLocaleString('en')}`}
      onChange={(event) => type(event.currentTarget.value)}
      onBlur={() => setTyped(undefined)}
    />
  );
}
