import { readFileSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, type Page } from '@playwright/test';
import { UserError } from '../src/ir/errors';
import { droppedName, malformedCases, namesWhatItShould, objection, type MalformedCase } from '../src/testing/malformed';
import { hasShared, shared } from '../src/testing/shared';
import { button, drop, section, test, visit } from './page';

interface Dropped {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What a person sees once files have been taken or refused. */
interface Seen {
  readonly alert: string | undefined;
  readonly notice: string | undefined;
  /** The summary of the Pictures card, and the files that it says were skipped. */
  readonly pictures: string;
  readonly skipped: readonly string[];
}

/** Drops files on the page, after putting away what it says of the last ones, and waits until it has made up its mind: a moment, or longer on a busy machine. */
async function dropAndSee(page: Page, files: readonly Dropped[], seconds = 60): Promise<Seen> {
  const encoded = files.map(({ name, bytes }) => ({ name, base64: Buffer.from(bytes).toString('base64') }));
  return page.evaluate(async ({ encoded, seconds }) => {
    const notices = '[role=status]:has([aria-label=Dismiss])';
    const said = (selector: string): string | undefined => document.querySelector(selector)?.textContent ?? undefined;
    const until = async (done: () => boolean): Promise<void> => {
      for (const end = performance.now() + seconds * 1000; !done() && performance.now() < end; ) await new Promise((resolve) => setTimeout(resolve, 5));
      if (!done()) throw new Error(`nothing was said of ${encoded.map(({ name }) => name).join(', ')} for ${seconds} s`);
    };
    document.querySelectorAll<HTMLElement>('[aria-label=Dismiss]').forEach((close) => close.click());
    await until(() => !said('[role=alert]') && !said(notices));
    const dataTransfer = new DataTransfer();
    for (const { name, base64 } of encoded) dataTransfer.items.add(new File([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], name));
    document.querySelector('h1')!.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
    const cards = (): string[] => [...document.querySelectorAll('[data-kind] h2')].map(({ textContent }) => textContent ?? '');
    await until(() => (said('[role=alert]') ?? said(notices)) !== undefined && !cards().some((card) => card.includes('reading ')));
    const skipped = [...document.querySelectorAll('[data-kind=pictures] li')].map(({ textContent }) => textContent ?? '');
    return { alert: said('[role=alert] p'), notice: said(notices), pictures: said('[data-kind=pictures] h2') ?? '', skipped };
  }, { encoded, seconds });
}

/** The files of a case under the names that such files have. */
function filesOf(entry: MalformedCase): Dropped[] {
  const path = shared(`malformed/${entry.file}`);
  const read = (from: string, name = basename(from)): Dropped => ({ name, bytes: readFileSync(from) });
  if (statSync(path).isDirectory()) return readdirSync(path).map((name) => read(join(path, name)));
  return [read(path, droppedName(entry)), ...(entry.needs ?? []).map((side) => read(shared(`malformed/${side}`)))];
}

/** What is wrong with what the page says of a case, if anything. */
function complaint(entry: MalformedCase, files: readonly Dropped[], { alert, notice, pictures, skipped }: Seen): string | undefined {
  // Weights without their configuration are told to be a part of a model.
  const partOnly = entry.kind === 'checkpoint' && files.length === 1;
  const message = (alert ?? (partOnly ? notice : undefined))?.replaceAll(files[0]!.name, basename(entry.file)).replaceAll(/\d+ files/g, basename(entry.file));
  if (entry.pictures === 0) return /no pictures/.test(message ?? '') ? undefined : `it does not say that there are none: ${message}`;
  const wrong = objection(entry, message === undefined ? undefined : new UserError(message, '', ''));
  if (wrong || message !== undefined) return wrong;
  if (entry.pictures !== undefined && /· (\d+)/.exec(pictures)?.[1] !== String(entry.pictures)) return `it has ${pictures}`;
  const warned = entry.expect === 'loads' || !entry.also?.includes('warning') || namesWhatItShould(skipped.join(' '), entry);
  return warned ? undefined : `it warns of ${skipped.join(' ') || 'nothing'}`;
}

async function livesOn(page: Page): Promise<void> {
  const tainted = (): boolean => 'polluted' in {} || 'pwned' in globalThis;
  expect(await Promise.all([page.evaluate(tainted), ...page.workers().map((worker) => worker.evaluate(tainted))])).not.toContain(true);
  await drop(page.getByRole('heading', { name: 'SeeBetter' }), readdirSync('public/pictures').slice(0, 9).map((name) => join('public/pictures', name)));
  await expect(section(page, 'Pictures')).toContainText('9 pictures');
  await expect(button(page, 'Tune')).toBeEnabled();
}

const text = (source: string): Uint8Array => new TextEncoder().encode(source);
const photo = (): Uint8Array => readFileSync(join('public/pictures', readdirSync('public/pictures').sort()[0]!));

/** Damaged files of every kind: name, bytes, and what the page's words must match. */
const MADE: readonly (readonly [string, () => Uint8Array, RegExp])[] = [
  ['model.onnx', () => text(''), /model\.onnx.*empty|empty.*model\.onnx/i],
  ['noise.onnx', () => Uint8Array.from({ length: 4096 }, (_, i) => (i * 73) % 251), /noise\.onnx/],
  ['weights.safetensors', () => Uint8Array.of(255, 255, 255, 255, 0, 0, 0, 0, 123, 125), /weights\.safetensors.*header|header.*weights\.safetensors/i],
  ['config.json', () => text('{"model_type": "clip", "vision_config": {"hidden_size": -1}}'), /hidden_size|vision_config/],
  ['tokenizer.json', () => text('{"model": {"type": "Psychic"}}'), /Psychic/],
  ['run.json', () => text('{"recipe": "alchemy", "steps": 5}'), /alchemy/],
  ['Questions.csv', () => text('Question ID,Type\n1,Color\n'), /Statement/],
  ['half.jpg', () => photo().slice(0, 100), /half\.jpg/],
  ['script.svg', () => text('<svg xmlns="http://www.w3.org/2000/svg"><script>globalThis.pwned = 1</script></svg>'), /svg/i],
  ['pictures.zip', () => text('PK\x03\x04 and no more'), /pictures\.zip/],
  ['pictures.tar', () => text('no archive at all'), /tar/],
  ['pictures.parquet', () => text('PAR1PAR1'), /parquet/],
];

test('damaged files of every kind are refused in words', async ({ page }) => {
  test.setTimeout(1_800_000);
  await visit(page);
  for (const [name, bytes, words] of MADE) expect((await dropAndSee(page, [{ name, bytes: bytes() }])).alert, name).toMatch(words);
  await livesOn(page);
});

test('every case of shared/fixtures/malformed ends as its index says', async ({ page }) => {
  test.skip(!hasShared, 'shared/fixtures is not here');
  test.setTimeout(1_800_000);
  await visit(page);
  const complaints: string[] = [];
  for (const entry of malformedCases()) {
    const files = filesOf(entry);
    const seen = await dropAndSee(page, files, entry.seconds).catch((error: Error) => error.message);
    const wrong = typeof seen === 'string' ? seen : complaint(entry, files, seen);
    if (wrong) complaints.push(`${entry.file} (${entry.expect}): ${wrong}`);
  }
  expect(complaints).toEqual([]);
  await livesOn(page);
});
