import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef, type ReactElement } from 'react';
import { formatNumber } from '../../state/format';
import { theSeries, usePage } from '../../state/store';
import styles from './Chart.module.css';
import type { Line } from './columns';
import { columnsOf, createPlot } from './plot';

interface ChartProps {
  readonly name: string;
  readonly lines: readonly Line[];
  readonly height: number;
  readonly fromZero?: boolean;
  /** Shown in place of the lines while there are none. */
  readonly empty?: string;
}

function readoutText(lines: readonly Line[], index: number | undefined): string {
  const series = theSeries();
  const step = index === undefined ? undefined : series.step[index];
  if (index === undefined || step === undefined) return '';
  return [`step ${step}`, ...lines.map((line) => `${line.label} ${formatNumber(series[line.column][index] ?? NaN)}`)].join(' · ');
}

/** Lines over the steps of the run. Steps go from the store to the canvas at most once a frame, past React. `lines` must stay the same array. */
export function Chart({ name, lines, height, fromZero = false, empty }: ChartProps): ReactElement {
  const host = useRef<HTMLDivElement>(null);
  const readout = useRef<HTMLSpanElement>(null);
  const scheme = useComputedColorScheme('light');
  const isEmpty = usePage((state) => state.run.step === 0);

  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const onHover = (index: number | undefined): void => {
      if (readout.current) readout.current.textContent = readoutText(lines, index);
    };
    const plot = createPlot({ host: element, lines, height, fromZero, steps: () => usePage.getState().run.steps, onHover });
    let frame = 0;
    const draw = (): void => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        plot.setData(columnsOf(theSeries(), lines));
      });
    };
    draw();
    const unsubscribe = usePage.subscribe((state, before) => state.seriesVersion !== before.seriesVersion && draw());
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      unsubscribe();
      observer.disconnect();
      cancelAnimationFrame(frame);
      plot.destroy();
    };
  }, [lines, height, fromZero, scheme]);

  return (
    <figure className={styles.figure}>
      <figcaption className={isEmpty ? styles.hidden : styles.caption}>
        {lines.map((line) => <Key key={line.column} line={line} />)}
        <span ref={readout} className={styles.readout} />
      </figcaption>
      <div className={styles.plot} role="img" aria-label={`${name}; the numbers are under Table`} style={{ height }}>
        <div ref={host} className={isEmpty ? styles.hidden : undefined} />
        {isEmpty && empty && <p className={styles.empty}>{empty}</p>}
      </div>
    </figure>
  );
}

function Key({ line }: { readonly line: Line }): ReactElement {
  return (
    <span className={styles.key}>
      <svg width="18" height="8" aria-hidden="true"><line x1="0" x2="18" y1="4" y2="4" stroke={`var(${line.colour})`} strokeWidth={line.width} /></svg>
      {line.label}
    </span>
  );
}
