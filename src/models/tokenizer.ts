import { Tokenizer as HubTokenizer } from '@huggingface/tokenizers';
import { z } from 'zod';
import { findFile, type FileEntry, type FileTree } from '../data/files';
import { parseJson } from '../data/json';
import { UserError } from '../ir/errors';
import { readText } from './files';

/** Turns a text into the ids that a text model takes. */
export interface Tokenizer {
  /** The model's own number of ids of a text. */
  readonly length: number;
  /** Exactly `length` ids (the model's own number by default): cut, keeping the end token, or padded. */
  encode(text: string, length?: number): number[];
}

export interface TokenizerSettings {
  readonly length: number;
  /** Fills up short texts; without it the token that ends a text does. */
  readonly pad?: string;
}

/** CLIP's own context, for a tokenizer that comes without its model. */
const DEFAULT_LENGTH = 77;
const MOST_IDS = 1 << 24;

type Json = Readonly<Record<string, unknown>>;

/** Reads tokenizer.json of a BPE or unigram tokenizer. Throws a UserError that names the part that is wrong. */
export function parseTokenizer(source: string, file: string, settings: TokenizerSettings = { length: DEFAULT_LENGTH }): Tokenizer {
  return create(parseJson(source, file, tokenizerJson), file, settings);
}

/** What a tokenizer is read from: tokenizer.json, or CLIP's vocab.json with merges.txt. Throws a UserError if neither is there. */
export function tokenizerFiles(tree: FileTree): { readonly config: FileEntry | undefined } & ({ readonly whole: FileEntry } | { readonly vocab: FileEntry; readonly merges: FileEntry }) {
  const [config, whole, vocab, merges] = ['tokenizer_config.json', 'tokenizer.json', 'vocab.json', 'merges.txt'].map((path) => findFile(tree, path));
  if (whole) return { config, whole };
  if (vocab && merges) return { config, vocab, merges };
  throw new UserError('The tokenizer is missing: there is neither tokenizer.json nor vocab.json with merges.txt', tree.name, 'Add tokenizer.json from the model\'s repository');
}

/**
 * The tokenizer in a folder, padded as tokenizer_config.json says.
 *
 * @param length ids of a text; by default what the config says
 */
export async function loadTokenizer(tree: FileTree, length?: number): Promise<Tokenizer> {
  const files = tokenizerFiles(tree);
  const config = files.config ? parseJson(await readText(files.config), files.config.path, tokenizerConfig) : {};
  const stated = config.model_max_length !== undefined && config.model_max_length <= MOST_IDS ? config.model_max_length : DEFAULT_LENGTH;
  const settings = { length: length ?? stated, ...(config.pad_token ? { pad: config.pad_token } : {}) };
  if ('whole' in files) return parseTokenizer(await readText(files.whole), files.whole.path, settings);
  const { vocab, merges } = files;
  return parseTokenizer(clipTokenizerJson(await readText(vocab), vocab.path, await readText(merges)), vocab.path, settings);
}

/** The library does not check what it is given: it fails on it, here or with the first text. */
function sound<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new UserError(`The tokenizer cannot be used (${(error as Error).message})`, file, 'Take tokenizer.json from the model\'s repository again');
  }
}

function create(json: Json, file: string, { length, pad }: TokenizerSettings): Tokenizer {
  const hub = sound(file, () => new HubTokenizer({ decoder: null, post_processor: null, pre_tokenizer: null, normalizer: null, added_tokens: [], ...json, model: modelOf(json) }, {}));
  const end = sound(file, () => hub.encode('').ids.at(-1));
  const padId = pad === undefined ? end : hub.token_to_id(pad);
  if (pad !== undefined && padId === undefined) throw new UserError(`The padding token ${pad} is not in the vocabulary`, file, 'Take tokenizer.json and tokenizer_config.json from the same model');
  return {
    length,
    encode(text, wanted = length) {
      const { ids } = sound(file, () => hub.encode(text));
      if (ids.length > wanted) return end === undefined ? ids.slice(0, wanted) : [...ids.slice(0, wanted - 1), end];
      return [...ids, ...new Array<number>(wanted - ids.length).fill(padId ?? 0)];
    },
  };
}

/** The model with its kind named, which older files leave to be told from the vocabulary. */
function modelOf(json: Json): Json {
  const model = json['model'] as Json;
  return { ...model, type: kindOf(model) };
}

function kindOf(model: Json): unknown {
  return model['type'] ?? (Array.isArray(model['vocab']) ? 'Unigram' : 'BPE');
}

const isRecord = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
const isId = (value: unknown): boolean => Number.isInteger(value) && (value as number) >= 0 && (value as number) < MOST_IDS;

type Complain = (path: (string | number)[], expected: string) => void;

/** Checks what the tokenizer library takes on trust, and hands the object on untouched (a vocabulary may hold any key, `__proto__` included). */
const tokenizerJson = z.custom<Json>(isRecord, 'expected an object').superRefine((json, ctx) => {
  const complain: Complain = (path, expected) => ctx.addIssue({ code: 'custom', path, message: `expected ${expected}` });
  const { model, added_tokens: added = [] } = json;
  if (!Array.isArray(added) || !added.every((token) => isRecord(token) && isId(token['id']) && typeof token['content'] === 'string')) complain(['added_tokens'], 'a list of tokens with id and content');
  if (!isRecord(model)) complain(['model'], 'an object');
  else if (kindOf(model) === 'BPE') checkPairs(model, complain);
  else if (kindOf(model) === 'Unigram') checkUnigram(model, complain);
  else complain(['model', 'type'], 'BPE or Unigram');
});

function checkPairs({ vocab, merges }: Json, complain: Complain): void {
  if (!isRecord(vocab) || !Object.values(vocab).every(isId)) return complain(['model', 'vocab'], `an object of tokens and their ids, whole numbers below ${MOST_IDS}`);
  if (!Array.isArray(merges)) return complain(['model', 'merges'], 'a list of pairs of tokens');
  const known = (token: unknown): boolean => typeof token === 'string' && Object.hasOwn(vocab, token);
  for (const [i, merge] of (merges as unknown[]).entries()) {
    const parts: unknown[] = typeof merge === 'string' ? merge.split(' ') : Array.isArray(merge) ? merge : [];
    if (parts.length !== 2) return complain(['model', 'merges', i], 'a pair of tokens');
    if (!parts.every(known)) return complain(['model', 'merges', i], `a pair of tokens of the vocabulary, which lacks "${parts.find((part) => !known(part))}"`);
  }
}

function checkUnigram({ vocab, unk_id: unknown }: Json, complain: Complain): void {
  const isPiece = (piece: unknown): boolean => Array.isArray(piece) && typeof piece[0] === 'string' && Number.isFinite(piece[1]);
  if (!Array.isArray(vocab) || !vocab.every(isPiece)) complain(['model', 'vocab'], 'a list of tokens with their scores');
  else if (unknown !== null && unknown !== undefined && !(isId(unknown) && (unknown as number) < vocab.length)) complain(['model', 'unk_id'], 'the number of a token');
}

const token = z.union([z.string(), z.object({ content: z.string() }).transform(({ content }) => content)]);

const tokenizerConfig = z.object({ model_max_length: z.number().min(1).optional(), pad_token: token.nullish() });

const vocabJson = z.custom<Json>(isRecord, 'expected an object of tokens and their ids');

/** tokenizer.json as transformers makes it from the two older files of CLIP's tokenizer. */
function clipTokenizerJson(vocabSource: string, file: string, merges: string): string {
  const vocab = parseJson(vocabSource, file, vocabJson);
  const special = ['<|startoftext|>', '<|endoftext|>'] as const;
  const missing = special.find((content) => !Object.hasOwn(vocab, content));
  if (missing) throw new UserError(`The vocabulary lacks ${missing}`, file, 'Add tokenizer.json from the model\'s repository');
  const [start, end] = special.map((content) => [content, vocab[content]]);
  return JSON.stringify({
    added_tokens: special.map((content) => ({ id: vocab[content], content, special: true, normalized: false })),
    normalizer: { type: 'Sequence', normalizers: [{ type: 'NFC' }, { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' }, { type: 'Lowercase' }] },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+" }, behavior: 'Removed', invert: true },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
      ],
    },
    post_processor: { type: 'RobertaProcessing', cls: start, sep: end, trim_offsets: false, add_prefix_space: false },
    model: { type: 'BPE', unk_token: special[1], continuing_subword_prefix: '', end_of_word_suffix: '</w>', vocab, merges: merges.split(/\r?\n/).filter((line) => line && !line.startsWith('#version')) },
  });
}
