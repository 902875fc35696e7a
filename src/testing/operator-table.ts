import type { Outcome } from './conformance';

/** An executor, and for WebGPU its adapter: "webgpu (SwiftShader)". */
export type Column = string;
export type Suite = 'forward' | 'gradient';

/** What happened to every case, by operator, for docs/operators.md. */
export class OperatorTable {
  private readonly cells = new Map<string, Outcome[]>();
  private readonly operators = new Set<string>();
  /** Refusals and inapplicable cases, with their reasons: one line each. */
  private readonly notes = new Map<string, string[]>();

  /** @param adapters what the WebGPU columns ran on, in full */
  constructor(
    private readonly executors: readonly Column[],
    private readonly adapters: readonly string[],
  ) {}

  record(suite: Suite, executor: Column, test: string, operators: readonly string[], outcome: Outcome): void {
    for (const operator of new Set(operators)) {
      this.operators.add(operator);
      this.add(`${operator} ${suite} ${executor}`, outcome);
    }
    this.add(`${suite} ${executor}`, outcome);
    if (outcome.status === 'pass') return;
    const note = `${executor}, ${suite}, ${outcome.status}: ${outcome.reason}`;
    (this.notes.get(note) ?? this.notes.set(note, []).get(note)!).push(test);
  }

  /** The same for the same outcomes: sorted, and without times or places. */
  markdown(): string {
    const columns = (['forward', 'gradient'] as const).flatMap((suite) => this.executors.map((executor) => `${suite} ${executor}`));
    const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
    const operators = [...this.operators].sort();
    return [
      '# Operators',
      '',
      'Written by the test run `DOCUMENT_OPERATORS=1 npx vitest run src/executors/operators.test.ts`; do not edit.',
      '',
      "Forward: ONNX's own backend node tests, on float64 (reference), in ONNX Runtime after import and encoding (ort), and on WebGPU through software adapters, each within",
      "the test's tolerance. Gradient: outputs and gradients of small graphs against PyTorch's; a graph counts for every operator in it. A cell says how many cases pass, are refused",
      'with a reason, or are not applicable.',
      '',
      `Adapters: ${this.adapters.join('; ')}.`,
      '',
      row(['operator', ...columns]),
      row(['operator', ...columns].map(() => '---')),
      ...operators.map((operator) => row([operator, ...columns.map((column) => cell(this.cells.get(`${operator} ${column}`)))])),
      row(['all cases', ...columns.map((column) => cell(this.cells.get(column)))]),
      '',
      '## Reasons',
      '',
      ...[...this.notes].sort(([a], [b]) => (a < b ? -1 : 1)).map(([note, tests]) => `- ${note} (${tests.length <= 4 ? tests.sort().join(', ') : `${tests.length} cases`})`),
      '',
    ].join('\n');
  }

  private add(key: string, outcome: Outcome): void {
    (this.cells.get(key) ?? this.cells.set(key, []).get(key)!).push(outcome);
  }
}

function cell(outcomes: readonly Outcome[] | undefined): string {
  if (!outcomes) return '';
  const counts = (['pass', 'refused', 'not applicable', 'fail'] as const).map((status) => [status, outcomes.filter((outcome) => outcome.status === status).length] as const);
  return counts.filter(([, count]) => count).map(([status, count]) => (status === 'pass' ? String(count) : `${count} ${status === 'not applicable' ? 'n/a' : status}`)).join(', ');
}
