import './app.css';
import { MantineProvider } from '@mantine/core';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import type { EngineApi } from '../engine/api';
import { connect } from '../state/connection';
import { begin, type receive } from '../state/store';
import { App } from './App';
import { cssVariables, theme } from './theme';
import { watchWindow } from './window';

/** Puts the page on screen over an engine; `subscribe` hands the page's listener to it. */
export function mount(engine: EngineApi, subscribe: (listener: typeof receive) => Promise<void>): void {
  connect(engine);
  createRoot(document.getElementById('root')!).render(
    <StrictMode>
      <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
        <App />
      </MantineProvider>
    </StrictMode>,
  );
  watchWindow();
  void begin(location.search, subscribe);
}
