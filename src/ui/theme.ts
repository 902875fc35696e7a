import { Button, createTheme, type CSSVariablesResolver } from '@mantine/core';

export const theme = createTheme({
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace',
  fontSizes: { xs: '12px', sm: '13px', md: '14px' },
  primaryColor: 'blue',
  primaryShade: { light: 8, dark: 8 },
  defaultRadius: 'sm',
  respectReducedMotion: true,
  cursorType: 'pointer',
  components: { Button: Button.extend({ styles: { label: { fontWeight: 500 } } }) },
});

const READABLE = { '--mantine-color-dimmed': 'var(--sb-muted)', '--mantine-color-error': 'var(--sb-wrong)' };

/** Hints and complaints of fields in the page's own colours: Mantine's have a contrast of 3.3. */
export const cssVariables: CSSVariablesResolver = () => ({ variables: {}, light: READABLE, dark: READABLE });
