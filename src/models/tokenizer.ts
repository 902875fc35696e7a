/** Turns a text into the ids that a text model takes. */
export interface Tokenizer {
  /** The model's own number of ids of a text. */
  readonly length: number;
  /** Exactly `length` ids (the model's own number by default): cut, keeping the end token, or padded. */
  encode(text: string, length?: number): number[];
}
