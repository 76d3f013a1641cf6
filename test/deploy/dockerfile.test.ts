import {readFile} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';

interface Instruction {
  readonly name: string;
  readonly text: string;
}

interface Stage {
  readonly base: string;
  readonly instructions: readonly Instruction[];
}

/** Instructions in order; comments dropped, continued lines joined. */
function parseDockerfile(text: string): Instruction[] {
  const lines = text.split('\n').filter((line) => !line.trimStart().startsWith('#'));
  return lines
    .join('\n')
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [name, ...rest] = line.trim().split(/\s+/);
      return {name: name!.toUpperCase(), text: rest.join(' ')};
    });
}

function stagesOf(instructions: readonly Instruction[]): Stage[] {
  const stages: {base: string; instructions: Instruction[]}[] = [];
  for (const instruction of instructions) {
    if (instruction.name === 'FROM') {
      const base = instruction.text.split(/\s+/).find((word) => !word.startsWith('--'))!;
      stages.push({base, instructions: []});
    } else {
      stages.at(-1)?.instructions.push(instruction);
    }
  }
  return stages;
}

/** What is wrong with an image of the operator; empty when nothing is. */
function faultsOf(dockerfile: string): string[] {
  const stages = stagesOf(parseDockerfile(dockerfile));
  const last = stages.at(-1);
  if (!last) return ['no stage'];
  const textOf = (name: string) =>
    last.instructions.findLast((instruction) => instruction.name === name)?.text ?? '';
  const faults: string[] = [];
  for (const {base} of stages) {
    if (!/:[\w.-]+(\$\{\w+\})?$/.test(base)) faults.push(`base ${base} is not pinned by tag`);
    if (/:latest\b/.test(base)) faults.push(`base ${base} moves`);
  }
  if (!last.base.includes('distroless')) faults.push('the last base has a shell');
  if (last.instructions.some(({name}) => name === 'RUN')) faults.push('RUN needs a shell');
  if (!/^[1-9]\d*:[1-9]\d*$/.test(textOf('USER'))) faults.push('USER is no number, or is root');
  for (const name of ['ENTRYPOINT', 'CMD']) {
    if (!/^\[".*"\]$/.test(textOf(name))) faults.push(`${name} is in shell form`);
  }
  return faults;
}

describe('the image', async () => {
  const read = (name: string) =>
    readFile(new URL(`../../deploy/docker/${name}`, import.meta.url), 'utf8');
  const dockerfile = await read('Dockerfile');

  it('runs as a numeric user without a shell on bases that are pinned', () => {
    expect(faultsOf(dockerfile)).toEqual([]);
  });

  it.each([
    ['a shell form CMD', /^CMD .*$/m, 'CMD node berth.js operator', 'CMD is in shell form'],
    ['the user root', /^USER .*$/m, 'USER 0:0', 'USER is no number, or is root'],
    ['a named user', /^USER .*$/m, 'USER nonroot', 'USER is no number, or is root'],
    ['a base without a tag', /^FROM gcr\S*$/m, 'FROM distroless', 'is not pinned by tag'],
    ['a base that moves', /^FROM gcr\S*$/m, 'FROM distroless:latest', 'moves'],
    ['a base with a shell', /^FROM gcr\S*$/m, 'FROM debian:13', 'the last base has a shell'],
  ])('is not accepted with %s', (_, pattern, replacement, fault) => {
    const changed = dockerfile.replace(pattern, replacement);
    expect(changed).not.toBe(dockerfile);
    expect(faultsOf(changed).join('; ')).toContain(fault);
  });

  it('is built with the Node of .node-version, on the major version that it runs on', async () => {
    const version = (
      await readFile(new URL('../../.node-version', import.meta.url), 'utf8')
    ).trim();
    const [build, last] = stagesOf(parseDockerfile(dockerfile));
    expect(build!.base).toMatch(new RegExp(`^node:${version}-`));
    expect(last!.base).toContain(`/nodejs${version.split('.')[0]}-`);
  });

  it('sees only named paths of the repository', async () => {
    const lines = (await read('Dockerfile.dockerignore')).split('\n');
    const rules = lines.filter((line) => line !== '' && !line.startsWith('#'));
    expect(rules[0]).toBe('*');
    const allowed = rules.filter((rule) => rule.startsWith('!')).map((rule) => rule.slice(1));
    const [build] = stagesOf(parseDockerfile(dockerfile));
    const copied = build!.instructions
      .filter(({name}) => name === 'COPY')
      .flatMap(({text}) => text.split(' ').slice(0, -1));
    expect(copied.toSorted()).toEqual(allowed.toSorted());
  });
});
