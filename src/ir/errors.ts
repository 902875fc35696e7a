/**
 * An error that a person can act on: what went wrong, where, and what to do about it, in one paragraph.
 * Everything thrown because of somebody's file, setting or machine is a UserError; any other exception is a bug of ours.
 */
export class UserError extends Error {
  override readonly name = 'UserError';

  constructor(
    readonly what: string,
    readonly where: string,
    readonly remedy: string,
  ) {
    super([what, where, remedy].filter(Boolean).map(sentence).join(' '));
  }

  /** The same error, with the place widened by the caller's knowledge (a file's name, say). */
  within(place: string): UserError {
    return new UserError(this.what, this.where ? `${place}, ${this.where}` : place, this.remedy);
  }
}

/** Throws a bug report: a state that no input should be able to reach. */
export function unreachable(message: string): never {
  throw new Error(`internal: ${message}`);
}

function sentence(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return /[.!?]$/.test(line) ? line : `${line}.`;
}
