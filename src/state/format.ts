/** Numbers as the page writes them: few digits, always the same width for the same kind. */

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** Bytes in powers of 1000: "728 kB", "1.2 GB". */
export function formatBytes(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${shortened(bytes / 1000 ** power)} ${UNITS[power]}`;
}

/** A count in words: "820", "12.3 k", "3.4 M". */
export function formatCount(count: number): string {
  if (count < 1e4) return String(count);
  const [divisor, unit] = count < 1e6 ? [1e3, 'k'] : count < 1e9 ? [1e6, 'M'] : [1e9, 'G'];
  return `${shortened(count / divisor)} ${unit}`;
}

/** A duration in seconds as a person says it: "20 ms", "0.8 s", "2:10 min", "1:05 h". */
export function formatDuration(seconds: number): string {
  if (seconds < 0.1) return `${Math.round(1000 * seconds)} ms`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const [large, small, unit] = whole < 3600 ? [Math.floor(whole / 60), whole % 60, 'min'] : [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), 'h'];
  return `${large}:${String(small).padStart(2, '0')} ${unit}`;
}

/** A measured number with four significant digits, in exponent form where it is tiny or huge. */
export function formatNumber(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  return size >= 1e-3 && size < 1e5 ? value.toPrecision(4) : value.toExponential(2);
}

/** A setting as a person types it: "1e-4", "0.01", "40". */
export function formatSetting(value: number): string {
  return value !== 0 && Math.abs(value) < 1e-2 ? value.toExponential().replace('e+', 'e') : String(value);
}

/** A probability as papers write it: "p = .18", "p < .001". */
export function formatP(p: number): string {
  return p < 0.001 ? 'p < .001' : `p = ${p.toFixed(p < 0.1 ? 3 : 2).replace(/^0/, '')}`;
}

/** A signed number with a real minus sign. */
export function formatSigned(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits);
  return Number(text) === 0 ? text : `${value < 0 ? '−' : '+'}${text}`;
}

/** "1 step", "2 steps". */
export function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}

function shortened(value: number): string {
  return value >= 99.95 ? value.toFixed(0) : value.toFixed(1).replace(/\.0$/, '');
}
