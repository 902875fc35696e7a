/** An entry of shared/fixtures/malformed/index.json. */
export interface MalformedCase {
  readonly file: string;
  readonly kind: string;
  readonly what: string;
  readonly expect: string;
  readonly names?: readonly string[];
  readonly names_all?: readonly string[];
  readonly also?: string;
  readonly when?: string;
  readonly role?: string;
  readonly same_as?: string;
  readonly rename?: Readonly<Record<string, string>>;
  readonly seconds?: number;
  readonly pictures?: number;
}

/** Whether a message names what the index wants: ignoring case, and names of one or two characters as whole words only. */
export function namesWhatItShould(message: string, { names, names_all: all }: MalformedCase): boolean {
  const said = (name: string): boolean => {
    const pattern = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    return new RegExp(name.length > 2 ? pattern : `(?<!\\w)${pattern}(?!\\w)`, 'i').test(message);
  };
  return (names ?? ['']).some(said) && (all ?? []).every(said);
}
