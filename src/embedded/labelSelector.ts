import {badRequest} from './apiStatus.ts';

export type Labels = Readonly<Record<string, string>>;
export type Matcher = (labels: Labels) => boolean;

const TOKEN = /\s*(==|!=|[=!<>,()]|[^\s=!<>,()]+|$)/y;

/**
 * A label selector in its text form: `a`, `!a`, `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b)`,
 * `a>1`, `a<1`, joined by commas. Undefined for the empty text, which selects everything.
 * @throws Refusal 400
 */
export function parseLabelSelector(text: string): Matcher | undefined {
  const tokens = new Tokens(text);
  if (tokens.peek() === '') return undefined;
  const all: Matcher[] = [];
  while (true) {
    all.push(requirement(tokens));
    const separator = tokens.next();
    if (separator === '') break;
    if (separator !== ',')
      throw badRequest(`found '${separator}', expected: ',' or 'end of string'`);
    if (tokens.peek() === '') throw badRequest("found '', expected: identifier after ','");
  }
  return (labels) => all.every((matches) => matches(labels));
}

class Tokens {
  readonly #list: string[] = [];
  #index = 0;

  constructor(text: string) {
    TOKEN.lastIndex = 0;
    for (let match = TOKEN.exec(text); match && match[1] !== ''; match = TOKEN.exec(text)) {
      this.#list.push(match[1]!);
    }
  }

  /** The empty text at the end. */
  peek(): string {
    return this.#list[this.#index] ?? '';
  }

  next(): string {
    const token = this.peek();
    this.#index++;
    return token;
  }
}

function isIdentifier(token: string): boolean {
  return token !== '' && !/^[=!<>,()]/.test(token);
}

function requirement(tokens: Tokens): Matcher {
  const negated = tokens.peek() === '!';
  if (negated) tokens.next();
  const key = tokens.next();
  if (!isIdentifier(key)) {
    throw badRequest(`found '${key}', expected: !, identifier, or 'end of string'`);
  }
  if (negated) return (labels) => labels[key] === undefined;
  const operator = tokens.peek();
  if (operator === '' || operator === ',') return (labels) => labels[key] !== undefined;
  tokens.next();
  return comparison(key, operator, tokens);
}

function comparison(key: string, operator: string, tokens: Tokens): Matcher {
  switch (operator) {
    case '=':
    case '==': {
      const value = plainValue(tokens);
      return (labels) => labels[key] === value;
    }
    case '!=': {
      const value = plainValue(tokens);
      return (labels) => labels[key] !== value;
    }
    case 'in': {
      const values = valueSet(tokens);
      return (labels) => labels[key] !== undefined && values.has(labels[key]);
    }
    case 'notin': {
      const values = valueSet(tokens);
      return (labels) => labels[key] === undefined || !values.has(labels[key]);
    }
    case '<':
    case '>':
    case 'lt':
    case 'gt':
      return ordered(key, operator === '>' || operator === 'gt', plainValue(tokens));
    default:
      throw badRequest(
        `unable to parse requirement: found '${operator}', expected: in, notin, =, ==, !=, gt, lt`,
      );
  }
}

function ordered(key: string, greater: boolean, text: string): Matcher {
  if (!/^[+-]?\d+$/.test(text)) {
    throw badRequest(
      `unable to parse requirement: values[0]: Invalid value: ${JSON.stringify(text)}: for 'Gt', 'Lt' operators, the value must be an integer`,
    );
  }
  const bound = Number(text);
  return (labels) => {
    const value = labels[key];
    if (value === undefined || !/^[+-]?\d+$/.test(value)) return false;
    return greater ? Number(value) > bound : Number(value) < bound;
  };
}

/** The empty value when none follows, as in `a=`. */
function plainValue(tokens: Tokens): string {
  return isIdentifier(tokens.peek()) ? tokens.next() : '';
}

function valueSet(tokens: Tokens): ReadonlySet<string> {
  const open = tokens.next();
  if (open !== '(') throw badRequest(`unable to parse requirement: found '${open}' expected: '('`);
  const values = new Set<string>();
  while (true) {
    values.add(plainValue(tokens));
    const separator = tokens.next();
    if (separator === ')') return values;
    if (separator !== ',') {
      throw badRequest(`unable to parse requirement: found '${separator}', expected: ',' or ')'`);
    }
  }
}
