/** A byte-pair encoding as tokenizer.json states it. */
export interface Bpe {
  readonly vocab: Readonly<Record<string, number>>;
  readonly merges: readonly string[];
}

export const START = '<|startoftext|>';
export const END = '<|endoftext|>';
const WORD_END = '</w>';

/**
 * CLIP's kind of encoding: all bytes, alone and at a word's end, then merges, then the two special tokens. Pairs are merged, the most frequent first (ties: in the
 * order of their texts), until every word is one token.
 *
 * @param words lower case, letters and hyphens, each with how often it occurs
 */
export function trainBpe(words: ReadonlyMap<string, number>): Bpe {
  const bytes = byteLetters();
  const tokens = [...bytes, ...bytes.map((letter) => letter + WORD_END)];
  const merges: string[] = [];
  let pieces = [...words].map(([word, count]) => ({ parts: [...word].map((letter, i) => (i === word.length - 1 ? letter + WORD_END : letter)), count }));
  for (let pair = commonest(pieces); pair !== undefined; pair = commonest(pieces)) {
    const [a, b] = pair.split(' ') as [string, string];
    merges.push(pair);
    tokens.push(a + b);
    pieces = pieces.map(({ parts, count }) => ({ parts: merged(parts, a, b), count }));
  }
  return { vocab: Object.fromEntries([...tokens, START, END].map((token, id) => [token, id])), merges };
}

/** The pair of neighbours that occurs most often; undefined if every word is one piece. */
function commonest(pieces: readonly { readonly parts: readonly string[]; readonly count: number }[]): string | undefined {
  const counts = new Map<string, number>();
  for (const { parts, count } of pieces) {
    for (let i = 0; i + 1 < parts.length; i++) {
      const pair = `${parts[i]} ${parts[i + 1]}`;
      counts.set(pair, (counts.get(pair) ?? 0) + count);
    }
  }
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))[0]?.[0];
}

function merged(parts: readonly string[], a: string, b: string): string[] {
  const out: string[] = [];
  for (let i = 0; i < parts.length; i++) {
    const joins = parts[i] === a && parts[i + 1] === b;
    out.push(joins ? a + b : parts[i]!);
    if (joins) i++;
  }
  return out;
}

/** The 256 letters that stand for bytes in GPT-2's and CLIP's vocabularies: printable bytes for themselves, then the others from U+0100 on. */
function byteLetters(): string[] {
  const printable = [[33, 126], [161, 172], [174, 255]].flatMap(([from, to]) => Array.from({ length: to! - from! + 1 }, (_, i) => from! + i));
  const others = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => !printable.includes(byte));
  return [...printable, ...others.map((_, i) => 256 + i)].map((code) => String.fromCharCode(code));
}

/** tokenizer.json as transformers' fast CLIP tokenizer has it. */
export function tokenizerJson({ vocab, merges }: Bpe): string {
  const special = [START, END].map((content) => ({ id: vocab[content], content, single_word: false, lstrip: false, rstrip: false, normalized: content === START, special: true }));
  return `${JSON.stringify({
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: special,
    normalizer: { type: 'Sequence', normalizers: [{ type: 'NFC' }, { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' }, { type: 'Lowercase' }] },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+" }, behavior: 'Removed', invert: true },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true },
      ],
    },
    post_processor: { type: 'RobertaProcessing', sep: [END, vocab[END]], cls: [START, vocab[START]], trim_offsets: false, add_prefix_space: false },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true },
    model: { type: 'BPE', dropout: null, unk_token: END, continuing_subword_prefix: '', end_of_word_suffix: WORD_END, fuse_unk: false, vocab, merges },
  }, null, 1)}\n`;
}
