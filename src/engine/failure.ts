import { UserError } from '../ir/errors';
import type { Answer, Failure } from './api';

/** The words for a person, and what belongs behind the copy button. */
export function failureOf(error: unknown): Failure {
  if (error instanceof UserError) return { message: error.message, details: error.stack ?? error.message };
  const text = error instanceof Error ? error.message : String(error);
  return { message: `Something went wrong inside SeeBetter (${text.split('\n')[0]!.slice(0, 200)}). The details say where; please report them.`, details: error instanceof Error ? `${text}\n${error.stack ?? ''}` : text };
}

/** Runs work for the page: what it throws becomes an answer. */
export async function answer<T>(work: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    return { ok: false, failure: failureOf(error) };
  }
}
