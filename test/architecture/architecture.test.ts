import {execFileSync} from 'node:child_process';
import {describe, expect, it} from 'vitest';
import {
  badNamesOf,
  codeOf,
  folderOf,
  importsOf,
  root,
  type SourceFile,
  sourceFiles,
  wideCommentsOf,
} from './rules.ts';

const sources = sourceFiles('src');
const tests = [...sourceFiles('test'), ...sourceFiles('e2e')];

/** Who may import whom inside `src/`; the table of `src/README.md`, checked. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  api: ['lib'],
  placement: ['lib', 'api'],
  kube: ['lib'],
  watch: ['lib', 'api', 'kube', 'placement', 'observe'],
  queue: ['lib', 'api', 'placement'],
  ledger: ['lib', 'api', 'kube', 'observe'],
  status: ['lib', 'api', 'kube', 'observe'],
  lifecycle: ['lib', 'api', 'kube', 'status', 'watch', 'observe'],
  observe: ['lib', 'api', 'kube'],
  embedded: ['lib', 'api', 'kube'],
  audit: ['lib', 'kube'],
  bench: ['lib', 'api', 'placement'],
  simulate: [
    'lib',
    'api',
    'placement',
    'kube',
    'watch',
    'queue',
    'ledger',
    'status',
    'lifecycle',
    'observe',
    'embedded',
    'audit',
    'root',
  ],
  cli: [
    'lib',
    'api',
    'placement',
    'kube',
    'watch',
    'queue',
    'ledger',
    'status',
    'lifecycle',
    'observe',
    'embedded',
    'audit',
    'simulate',
    'bench',
    'root',
  ],
  root: [
    'lib',
    'api',
    'placement',
    'kube',
    'watch',
    'queue',
    'ledger',
    'status',
    'lifecycle',
    'observe',
  ],
  main: ['cli'],
};

/** Packages that one folder alone may know, and why. */
const owners: readonly {package: string; folders: readonly string[]; why: string}[] = [
  {
    package: '@kubernetes/client-node',
    folders: ['kube'],
    why: 'its transport opens a connection a request and its informer stops for good; only credentials are taken from it',
  },
  {package: 'undici', folders: ['kube'], why: 'one transport, one set of pools'},
  {
    package: 'ioredis',
    folders: ['ledger', 'audit'],
    why: 'Redis is a ledger and nothing else, and the auditor reads it by itself',
  },
  {package: 'pino', folders: ['observe'], why: 'everything else logs through the Log port'},
  {package: 'prom-client', folders: ['observe'], why: 'metrics are declared in one place'},
  {package: 'commander', folders: ['cli'], why: 'the command line is one layer'},
];

/** Calls that belong to one file, and why. */
const bannedCalls: readonly {call: RegExp; allowed: (path: string) => boolean; why: string}[] = [
  {
    call: /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(|\bsetTimeout\(|\bsetInterval\(|\bprocess\.hrtime/,
    allowed: (path) => path === 'src/lib/clock.ts' || path.startsWith('src/cli/'),
    why: 'time is a port (lib/clock.ts): a run must repeat in the simulation',
  },
  {
    call: /\bMath\.random\(|\brandomUUID\(|\brandomBytes\(/,
    allowed: (path) => path === 'src/lib/random.ts' || path.startsWith('src/cli/'),
    why: 'chance is a port (lib/random.ts): a run must repeat from its seed',
  },
  {
    call: /\bconsole\.|\bprocess\.exit\(/,
    allowed: (path) =>
      path === 'src/main.ts' || path.startsWith('src/cli/') || path === 'src/api/generate.ts',
    why: 'output goes through the Log port, and only the entry point ends the process',
  },
];

function report(findings: readonly string[]): string {
  return findings.join('\n');
}

describe('imports', () => {
  it('go one way only, as the table of src/README.md says', () => {
    const findings = sources.flatMap((file) =>
      importsOf(file)
        .filter(({target}) => target.startsWith('src/'))
        .filter(({target}) => {
          const from = folderOf(file.path);
          const to = folderOf(target);
          return from !== to && !mayImport[from]?.includes(to);
        })
        .map(
          ({target}) =>
            `${file.path} imports ${target}: ${folderOf(file.path)} may import ${mayImport[folderOf(file.path)]?.join(', ') || 'nothing'}`,
        ),
    );
    expect(report(findings)).toBe('');
  });

  it('make no circle of folders', () => {
    const layers: string[] = [];
    const below = (folder: string) => mayImport[folder]!.every((target) => layers.includes(target));
    for (let size = -1; layers.length > size; ) {
      size = layers.length;
      layers.push(
        ...Object.keys(mayImport).filter((folder) => !layers.includes(folder) && below(folder)),
      );
    }
    expect(Object.keys(mayImport).filter((folder) => !layers.includes(folder))).toEqual([]);
  });

  it('reach a package only from the folder that owns it', () => {
    const findings = sources.flatMap((file) =>
      importsOf(file).flatMap(({target}) =>
        owners
          .filter((owner) => target === owner.package || target.startsWith(`${owner.package}/`))
          .filter((owner) => !owner.folders.includes(folderOf(file.path)))
          .map(
            (owner) =>
              `${file.path} imports ${target}: only ${owner.folders.join(', ')} may, as ${owner.why}`,
          ),
      ),
    );
    expect(report(findings)).toBe('');
  });

  it('of placement are nothing but its own folder, lib and the plain types of api', () => {
    const allowed =
      /^src\/(placement|lib)\/|^src\/api\/(resources|constraints|reasons|records)\.ts$/;
    const findings = sources
      .filter((file) => folderOf(file.path) === 'placement')
      .flatMap((file) =>
        importsOf(file)
          .filter(({target}) => !allowed.test(target))
          .map(({target}) => `${file.path} imports ${target}`),
      );
    expect(report(findings)).toBe('');
  });
});

describe('calls', () => {
  it.each(bannedCalls.map((rule) => [String(rule.call), rule] as const))(
    '%s stay where they belong',
    (_, rule) => {
      const findings = sources
        .filter((file) => !rule.allowed(file.path) && rule.call.test(codeOf(file)))
        .map((file) => `${file.path}: ${rule.why}`);
      expect(report(findings)).toBe('');
    },
  );

  it('of placement never wait', () => {
    const findings = sources
      .filter(
        (file) =>
          folderOf(file.path) === 'placement' &&
          /\bawait\b|\basync\b|\bPromise\b/.test(codeOf(file)),
      )
      .map((file) => `${file.path}: placement is pure`);
    expect(report(findings)).toBe('');
  });
});

describe('files', () => {
  it('stay below 400 lines', () => {
    const findings = [...sources, ...tests]
      .map((file) => ({path: file.path, lines: file.text.split('\n').length - 1}))
      .filter(({lines}) => lines > 400)
      .map(({path, lines}) => `${path}: ${lines} lines`);
    expect(report(findings)).toBe('');
  });

  it('have names in the words of the field', () => {
    const banned = /(manager|handler|helper|processor|service|util|common)s?\.ts$/i;
    const findings = sources
      .map(({path}) => path)
      .filter((path) => banned.test(path) || /\/index\.ts$/.test(path));
    expect(report(findings)).toBe('');
  });

  it('declare names in the words of the field', () => {
    const findings = sources.flatMap((file) =>
      badNamesOf(file).map((name) => `${file.path}: ${name}`),
    );
    expect(report(findings)).toBe('');
  });

  it('have comments as narrow as their code', () => {
    const findings = [...sources, ...tests].flatMap((file) =>
      wideCommentsOf(file).map((line) => `${file.path}:${line} is wider than 100 columns`),
    );
    expect(report(findings)).toBe('');
  });

  it('suppress nothing and leave nothing open', () => {
    const marks =
      /@ts-(ignore|expect-error|nocheck)|\bas unknown as\b|\b(TODO|FIXME|XXX|HACK)\b|\b(it|test|describe)\.(only|skip|todo)\(/;
    const isRule = (file: SourceFile) => file.path.startsWith('test/architecture/');
    const findings = [...sources, ...tests]
      .filter((file) => !isRule(file) && marks.test(file.text))
      .map((file) => `${file.path}: ${marks.exec(file.text)?.[0]}`);
    expect(report(findings)).toBe('');
  });

  it('at the top level are the ones that DESIGN names', () => {
    const tracked = execFileSync('git', ['ls-files'], {cwd: root, encoding: 'utf8'})
      .trim()
      .split('\n');
    const top = new Set(
      tracked.map((path) => path.split('/', 1)[0]!).filter((name) => !name.startsWith('.')),
    );
    const allowed = [
      'src',
      'crds',
      'deploy',
      'test',
      'e2e',
      'package.json',
      'package-lock.json',
      'tsconfig.json',
      'Makefile',
      'README.md',
      'LICENSE',
      'CHANGELOG.md',
    ];
    expect([...top].filter((name) => !allowed.includes(name))).toEqual([]);
  });

  it('name no path of one machine and no host of a registry', () => {
    const marks = [
      '/ro' + 'ot/',
      '/wo' + 'rk/',
      'registry.' + 'npmjs',
      'proxy.' + 'golang',
      'deb.' + 'debian',
    ];
    const found = marks.flatMap((mark) => {
      try {
        return execFileSync('git', ['grep', '-lF', mark], {cwd: root, encoding: 'utf8'})
          .trim()
          .split('\n');
      } catch {
        return []; // git grep exits 1 when it finds nothing
      }
    });
    expect(found).toEqual([]);
  });
});

describe('the rules', () => {
  const plant = (text: string): SourceFile => ({path: 'src/placement/planted.ts', text});

  it('see an import, whatever its form', () => {
    const targets = (text: string) => importsOf(plant(text)).map(({target}) => target);
    expect(targets("import {a} from '../kube/a.ts';")).toEqual(['src/kube/a.ts']);
    expect(targets("import type {\n  A,\n} from '../kube/a.ts';")).toEqual(['src/kube/a.ts']);
    expect(targets("export {a} from 'undici';")).toEqual(['undici']);
    expect(targets("const a = await import('ioredis');")).toEqual(['ioredis']);
  });

  it('see a banned word in a name, and none in a longer word', () => {
    expect(badNamesOf(plant('class PodManager {}\nconst jobs = 1;'))).toEqual([
      'PodManager',
      'jobs',
    ]);
    expect(badNamesOf(plant('const metadata = 1; // const data'))).toEqual([]);
  });

  it('see a comment that is too wide, and leave wide code to the formatter', () => {
    const wide = 'x'.repeat(98);
    expect(wideCommentsOf(plant(`// ${wide}\nconst a = '${wide}';`))).toEqual([1]);
  });

  it('see a call in code, and none in a comment or a text', () => {
    expect(codeOf(plant('const now = Date.now();'))).toMatch(/Date\.now\(/);
    expect(codeOf(plant("// Date.now()\nconst a = 'Date.now()';"))).not.toMatch(/Date\.now\(/);
  });
});
