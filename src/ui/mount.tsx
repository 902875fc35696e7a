import './app.css';
import { MantineProvider } from '@mantine/core';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import type { OpenEngine } from '../state/connection';
import { begin } from '../state/store';
import { App } from './App';
import { cssVariables, theme } from './theme';
import { watchWindow } from './window';

/** Puts the page on screen over an engine that it opens, and opens anew where that is gone. */
export function mount(open: OpenEngine): void {
  createRoot(document.getElementById('root')!).render(
    <StrictMode>
      <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
        <App />
      </MantineProvider>
    </StrictMode>,
  );
  watchWindow();
  void begin(location.search, open);
}
