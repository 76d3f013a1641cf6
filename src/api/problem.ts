import type {z} from 'zod';
import type {Problem} from './records.ts';

/** Enough to recognise a value by; a poison object must not become a poison message. */
const MAX_FOUND_LENGTH = 64;

/** A value found where another one was wanted, with the value as JSON and cut. */
export function problemAt(field: string, found: unknown, wanted: string): Problem {
  return {field, found: describe(found), wanted};
}

/**
 * The first thing that zod found wrong, as a problem.
 * @param value what was parsed
 * @param root where it lies in the object, for example `spec`
 */
export function firstProblem(error: z.ZodError, value: unknown, root: string): Problem {
  const issue = error.issues[0];
  if (!issue) return problemAt(root, value, 'a value of the schema');
  let field = root;
  let found = value;
  for (const step of issue.path) {
    field += typeof step === 'number' ? `[${step}]` : `.${String(step)}`;
    found = (found as Record<PropertyKey, unknown> | null | undefined)?.[step];
  }
  // A key of a map may be as long as its sender likes.
  return problemAt(cut(field, 256), found, wantedBy(issue));
}

function wantedBy(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return TYPE_NAMES[issue.expected] ?? `a value of type ${issue.expected}`;
    case 'too_small':
      return `at least ${issue.minimum}${unitOf(issue.origin)}`;
    case 'too_big':
      return `at most ${issue.maximum}${unitOf(issue.origin)}`;
    case 'invalid_value':
      return `one of ${issue.values.map(String).join(', ')}`;
    default:
      return issue.message;
  }
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'a text',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  object: 'an object',
  record: 'a map',
  array: 'a list',
};

function unitOf(origin: string): string {
  if (origin === 'string') return ' characters';
  return origin === 'array' ? ' entries' : '';
}

function describe(found: unknown): string {
  if (found === undefined) return 'nothing';
  try {
    // Cut before it is written as JSON: a text of a megabyte must not be copied to be thrown away.
    const short = typeof found === 'string' ? found.slice(0, MAX_FOUND_LENGTH) : found;
    return cut(JSON.stringify(short) ?? typeof found, MAX_FOUND_LENGTH);
  } catch {
    return typeof found;
  }
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
