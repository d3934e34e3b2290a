/** Text that people send. */
import * as v from 'valibot';

/**
 * One to `maxLength` characters without control characters: PostgreSQL has no NUL, and half a surrogate pair does not survive
 * the way through JSON to another module.
 */
export const text = (maxLength: number) =>
  v.pipe(
    v.string(),
    v.minLength(1, 'must not be empty'),
    v.maxLength(maxLength, `must be at most ${maxLength} characters`),
    v.regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must be text without control characters'),
  );
