import {readFileSync} from 'node:fs';
import {Option} from 'commander';
import {parse as parseYaml} from 'yaml';
import {z} from 'zod';
import {assertRelations, type Config, configSchema} from '../config.ts';

/** One leaf of the configuration and its three names. */
export interface Setting {
  /** `ledger.redis.url`, as in the config file. */
  readonly path: string;
  /** `--ledger-redis-url`. */
  readonly flag: string;
  /** `BERTH_LEDGER_REDIS_URL`. */
  readonly variable: string;
  readonly type: 'string' | 'number' | 'integer' | 'boolean';
  readonly description: string;
  readonly fallback: string | number | boolean | undefined;
  readonly choices: readonly string[] | undefined;
}

type Tree = {[key: string]: unknown};

interface SchemaPart {
  readonly type?: Setting['type'] | 'object';
  readonly properties?: Readonly<Record<string, SchemaPart>>;
  readonly description?: string;
  readonly default?: Setting['fallback'];
  readonly enum?: readonly string[];
}

/** Every setting, in the order of the schema. */
export const settings: readonly Setting[] = leaves(
  z.toJSONSchema(configSchema, {io: 'input'}) as SchemaPart,
  [],
);

/** The settings as flags of a command. */
export function settingOptions(): Option[] {
  return settings.map(({flag, type, description, choices, fallback}) => {
    const value =
      type === 'boolean' ? '<true|false>' : choices ? `<${choices.join('|')}>` : `<${type}>`;
    const shown = fallback === undefined ? '' : ` (default: ${String(fallback)})`;
    return new Option(`${flag} ${value}`, `${description}${shown}`);
  });
}

export interface Sources {
  /** Flag values by commander's camelCase name, for example `ledgerRedisUrl`. */
  readonly flags: Readonly<Record<string, string | undefined>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly configFile: string | undefined;
}

/**
 * The effective configuration: flags before environment before config file before defaults.
 * A variable that is no setting is left alone: Kubernetes itself adds `BERTH_..._PORT` for a
 * Service named berth. An unknown flag or key of the file is an error.
 * @throws Error whose message names the setting, where it came from, the value found and the wanted
 *   one
 */
export function loadConfig({flags, environment, configFile}: Sources): Config {
  const tree = configFile === undefined ? {} : readConfigFile(configFile);
  const origins = new Map<string, string>();
  for (const setting of settings) {
    const fromFlag = flags[flagKey(setting.flag)];
    const given = fromFlag === undefined ? environment[setting.variable] : fromFlag;
    if (given === undefined) continue;
    const origin = fromFlag === undefined ? setting.variable : setting.flag;
    origins.set(setting.path, origin);
    place(tree, setting.path.split('.'), convert(setting, given, origin));
  }
  const parsed = configSchema.safeParse(tree);
  if (!parsed.success) {
    const sentences = parsed.error.issues.map((issue) =>
      describe(issue, tree, origins, configFile),
    );
    throw new Error(sentences.join('\n'));
  }
  assertRelations(parsed.data);
  return parsed.data;
}

/** The configuration as it may be printed: what could be a password is three stars. */
export function withoutSecrets(config: Config): Config {
  const {ledger} = config;
  const url = maskUrl(ledger.redis.url);
  return {...config, ledger: {...ledger, redis: {...ledger.redis, url}}};
}

/** Everything before the last `@`, and everything after `?`, wherever the scheme may end. */
function maskUrl(text: string): string {
  return text.replace(/^([a-z]+:\/\/)?.*@/is, '$1***@').replace(/\?.*/s, '?***');
}

function leaves(part: SchemaPart, path: readonly string[]): Setting[] {
  if (part.properties) {
    return Object.entries(part.properties).flatMap(([key, child]) => leaves(child, [...path, key]));
  }
  const words = path.flatMap((key) => key.split(/(?=[A-Z])/)).map((word) => word.toLowerCase());
  return [
    {
      path: path.join('.'),
      flag: `--${words.join('-')}`,
      variable: `BERTH_${words.join('_').toUpperCase()}`,
      type: part.type as Setting['type'],
      description: part.description ?? '',
      fallback: part.default,
      choices: part.enum,
    },
  ];
}

function flagKey(flag: string): string {
  return flag.slice(2).replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function readConfigFile(path: string): Tree {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new Error(`Cannot read the config file ${path}: ${(cause as Error).message}`, {cause});
  }
  let tree: unknown;
  try {
    tree = parseYaml(text) ?? {};
  } catch (cause) {
    // The lines after the first quote the file, which may hold a password.
    const [line] = (cause as Error).message.split('\n');
    throw new Error(`Cannot read the config file ${path} as it must be YAML: ${line}`, {cause});
  }
  if (typeof tree !== 'object' || tree === null || Array.isArray(tree)) {
    const found = Array.isArray(tree) ? 'a list' : `a ${typeof tree}`;
    throw new Error(
      `Cannot read the config file ${path} as it must hold a map of settings: current value is ${found}`,
    );
  }
  return tree as Tree;
}

function convert(setting: Setting, text: string, origin: string): unknown {
  switch (setting.type) {
    case 'boolean':
      if (text === 'true' || text === 'false') return text === 'true';
      throw new Error(
        `Cannot use ${origin} as it must be true or false: current value is "${text}"`,
      );
    case 'number':
    case 'integer': {
      const number = Number(text);
      if (text.trim() !== '' && Number.isFinite(number)) return number;
      throw new Error(`Cannot use ${origin} as it must be a number: current value is "${text}"`);
    }
    case 'string':
      return text;
  }
}

function place(tree: Tree, path: readonly string[], value: unknown): void {
  const [key, ...rest] = path as [string, ...string[]];
  if (rest.length === 0) {
    tree[key] = value;
    return;
  }
  const child = tree[key];
  const isMap = typeof child === 'object' && child !== null && !Array.isArray(child);
  const next = isMap ? (child as Tree) : {};
  tree[key] = next;
  place(next, rest, value);
}

function describe(
  issue: z.core.$ZodIssue,
  tree: Tree,
  origins: ReadonlyMap<string, string>,
  configFile: string | undefined,
): string {
  const path = issue.path.join('.');
  const file = configFile ?? 'the configuration';
  if (issue.code === 'unrecognized_keys') {
    const keys = issue.keys.map((key) => (path === '' ? key : `${path}.${key}`));
    return `Cannot use ${file} as it has unknown settings: ${keys.join(', ')}; known ones: ${keysBelow(path).join(', ')}`;
  }
  const found = issue.path.reduce<unknown>(
    (value, key) => (value as Tree | undefined)?.[key as string],
    tree,
  );
  const origin = origins.get(path) ?? `${path} of ${file}`;
  // A Redis URL may carry a password, and stand where it does not belong.
  const isSuspect = (value: string) => path.startsWith('ledger.redis') || value.includes('://');
  const shown = JSON.stringify(found, (_, value: unknown) =>
    typeof value === 'string' && isSuspect(value) ? maskUrl(value) : value,
  );
  return `Cannot use ${origin}: ${issue.message}; current value is ${shown}`;
}

/**
 * The keys one level below a path, each with the path: `batch.idleMs`; all top-level ones for ''.
 */
function keysBelow(path: string): readonly string[] {
  const prefix = path === '' ? '' : `${path}.`;
  const below = settings
    .filter((setting) => setting.path.startsWith(prefix))
    .map((setting) => prefix + setting.path.slice(prefix.length).split('.', 1)[0]);
  return [...new Set(below)];
}
