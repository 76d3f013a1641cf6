import {readdir, readFile} from 'node:fs/promises';
import {describe, expect, it} from 'vitest';
import {parse as parseYaml} from 'yaml';
import {describeWithPrograms} from './describeWithPrograms.ts';
import {
  chartFolder,
  find,
  grantsOf,
  kustomizations,
  type Manifest,
  renderChart,
  renderKustomization,
} from './manifests.ts';
import {root, run} from './programs.ts';

const everything = ['--set', 'agents.enabled=true,serviceMonitor.enabled=true'];

interface PodTemplate {
  readonly metadata: {readonly labels: Readonly<Record<string, string>>};
  readonly spec: Readonly<Record<string, unknown>> & {
    readonly containers: readonly Readonly<Record<string, unknown>>[];
  };
}

function podTemplateOf(manifests: readonly Manifest[]): PodTemplate {
  const deployment = find(manifests, 'Deployment', 'berth');
  return (deployment['spec'] as {template: PodTemplate}).template;
}

interface Named {
  readonly name: string;
}

/**
 * Without what differs for a reason: labels of a release, the hash in the ConfigMap's name, and the
 * order of lists that are keyed by name.
 */
function comparable(template: PodTemplate): unknown {
  const byName = (left: Named, right: Named) => (left.name < right.name ? -1 : 1);
  return JSON.parse(JSON.stringify(template.spec), (key, value: unknown) => {
    if (key === 'app.kubernetes.io/instance') return undefined;
    if (key === 'volumes' || key === 'volumeMounts') return (value as Named[]).toSorted(byName);
    const isConfigName = typeof value === 'string' && value.startsWith('berth-config-');
    return isConfigName ? 'berth-config' : value;
  });
}

/** The config file of the operator, parsed. */
function settingsOf(manifests: readonly Manifest[]): unknown {
  const config = manifests.find(({kind}) => kind === 'ConfigMap');
  if (config === undefined) throw new Error('Cannot find the config file as there is no ConfigMap');
  return parseYaml((config['data'] as Record<string, string>)['config.yaml']!);
}

/** What no role may grant: anything unnamed, and what leads to other people's Secrets or rights. */
function excessesOf(manifests: readonly Manifest[]): string[] {
  const forbidden = [
    /\*/,
    /^\/(secrets|configmaps|serviceaccounts)/,
    /^rbac\./,
    /: (escalate|bind|impersonate)$/,
    /pods\/exec/,
  ];
  return Object.entries(grantsOf(manifests)).flatMap(([role, grants]) =>
    grants
      .filter((grant) => forbidden.some((pattern) => pattern.test(grant)))
      .map((grant) => `${role} ${grant}`),
  );
}

await describeWithPrograms('what is rendered', ['helm', 'kubectl'], () => {
  describe.each(kustomizations)('the kustomization %s', (folder) => {
    it('renders, with roles that name all they grant', async () => {
      const manifests = await renderKustomization(folder);
      expect(find(manifests, 'Deployment', 'berth').metadata.namespace).toBe('berth-system');
      expect(excessesOf(manifests)).toEqual([]);
    });
  });

  it.each([
    ['a wildcard', {apiGroups: ['berth.dev'], resources: ['*'], verbs: ['get']}],
    ['every verb', {apiGroups: ['berth.dev'], resources: ['workers'], verbs: ['*']}],
    ['Secrets', {apiGroups: [''], resources: ['secrets'], verbs: ['get']}],
  ])('a role with %s would be noticed', (_, rule) => {
    const role = {apiVersion: 'v1', kind: 'ClusterRole', metadata: {name: 'canary'}, rules: [rule]};
    expect(excessesOf([role])).toHaveLength(1);
  });

  describe('the chart and the kustomize base', () => {
    it('grant the same', async () => {
      const [agents, chart] = await Promise.all([
        renderKustomization('overlays/agents'),
        renderChart(...everything),
      ]);
      expect(grantsOf(chart)).toEqual(grantsOf(agents));
      const bindings = (manifests: readonly Manifest[]) =>
        manifests
          .filter(({kind}) => kind.endsWith('RoleBinding'))
          .map(({kind, metadata: {name}, roleRef, subjects}) => ({kind, name, roleRef, subjects}))
          .sort((left, right) => (left.kind + left.name < right.kind + right.name ? -1 : 1));
      expect(bindings(chart)).toEqual(bindings(agents));
    });

    it('hold agents to the same policies', async () => {
      const [agents, chart] = await Promise.all([
        renderKustomization('overlays/agents'),
        renderChart(...everything),
      ]);
      for (const name of ['berth-agent-requests', 'berth-agent-heartbeats']) {
        for (const kind of ['ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding']) {
          expect(find(chart, kind, name)['spec']).toEqual(find(agents, kind, name)['spec']);
        }
      }
    });

    it('run the same Pod', async () => {
      const [base, chart] = await Promise.all([renderKustomization('base'), renderChart()]);
      expect(comparable(podTemplateOf(chart))).toEqual(comparable(podTemplateOf(base)));
    });

    it('run the same Pod with the ledger in Redis, and the same settings', async () => {
      const values = ['--values', `${root}deploy/samples/redis/values.yaml`];
      const [overlay, chart] = await Promise.all([
        renderKustomization('overlays/redis'),
        renderChart(...values),
      ]);
      expect(comparable(podTemplateOf(chart))).toEqual(comparable(podTemplateOf(overlay)));
      expect(settingsOf(chart)).toEqual(settingsOf(overlay));
    });

    it('select their Pods and nothing else', async () => {
      for (const manifests of [await renderKustomization('base'), await renderChart()]) {
        const {labels} = podTemplateOf(manifests).metadata;
        const selectors = [
          (find(manifests, 'Deployment', 'berth')['spec'] as {selector: {matchLabels: object}})
            .selector.matchLabels,
          (find(manifests, 'Service', 'berth-metrics')['spec'] as {selector: object}).selector,
          (
            find(manifests, 'PodDisruptionBudget', 'berth')['spec'] as {
              selector: {matchLabels: object};
            }
          ).selector.matchLabels,
        ];
        for (const selector of selectors) expect(labels).toMatchObject(selector);
      }
    });
  });

  describe('the CRDs', async () => {
    const files = (await readdir(`${root}crds`)).filter(
      (file) => file.endsWith('.yaml') && file !== 'kustomization.yaml',
    );

    it('are all listed for kustomize', async () => {
      const text = await readFile(`${root}crds/kustomization.yaml`, 'utf8');
      const {resources} = parseYaml(text) as {resources: string[]};
      expect(resources.toSorted()).toEqual(files.toSorted());
      expect(files.length).toBeGreaterThanOrEqual(4);
    });

    it.each(files)(
      '%s is in the chart as it is, but for the annotation that keeps it',
      async (file) => {
        const original = parseYaml(await readFile(`${root}crds/${file}`, 'utf8')) as Manifest;
        const rendered = find(await renderChart(), original.kind, original.metadata.name);
        expect(rendered.metadata.annotations).toMatchObject({'helm.sh/resource-policy': 'keep'});
        expect(rendered['spec']).toEqual(original['spec']);
        const {metadata, ...others} = find(
          await renderChart('--set', 'crds.keep=false'),
          original.kind,
          original.metadata.name,
        );
        expect({...others, metadata}).toEqual(original);
      },
    );

    it('are left out where somebody else brings them', async () => {
      const manifests = await renderChart('--set', 'crds.install=false');
      expect(manifests.filter(({kind}) => kind === 'CustomResourceDefinition')).toEqual([]);
    });
  });

  describe('helm', () => {
    it('finds nothing wrong with the chart', async () => {
      const {exitCode, stdout} = await run('helm', ['lint', '--strict', chartFolder]);
      expect(stdout).toContain('0 chart(s) failed');
      expect(exitCode).toBe(0);
    });

    it.each([
      ['an unknown value', 'replica=3', "additional properties 'replica' not allowed"],
      [
        'an unknown setting',
        'config.batch.maxRequest=3',
        "at '/config/batch': additional properties",
      ],
      [
        'a setting above its limit',
        'config.batch.maxRequests=5000',
        "at '/config/batch/maxRequests'",
      ],
      ['a ledger that forgets', 'config.ledger.kind=memory', "one of 'kubernetes', 'redis'"],
      [
        'two replicas without leader election',
        'config.leaderElection.enabled=false',
        'Cannot run 2 replicas as config.leaderElection.enabled is false',
      ],
      [
        'a password from a Secret that is not named',
        'config.ledger.redis.passwordFile=/etc/berth-redis/password',
        'as redisSecretName is empty',
      ],
    ])('refuses %s with a sentence that says so', async (_, assignment, sentence) => {
      const args = ['template', 'berth', chartFolder, '--set', assignment];
      const {exitCode, stderr} = await run('helm', args);
      expect(exitCode).not.toBe(0);
      expect(stderr).toContain(sentence);
    });

    it('keeps large numbers of settings whole', async () => {
      const manifests = await renderChart('--set', 'config.queue.maxRequests=1000000');
      const config = find(manifests, 'ConfigMap', 'berth-config')['data'] as Record<string, string>;
      expect(config['config.yaml']).toContain('maxRequests: 1000000');
    });
  });
});
