import {beforeEach, describe, expect, it} from 'vitest';
import {type Bench, refusalOf, type SeenList} from './bench.ts';
import {widgets} from './widgetCrd.ts';

/** Lists: chunks, revisions, selectors. */
export function lists(bench: Bench): void {
  const names = ({items}: SeenList) => items.map(({metadata}) => metadata.name);

  describe('a list', () => {
    it('is in the order of names and carries its revision', async () => {
      for (const name of ['b', 'a', 'a-b']) await bench.create(name);
      const list = await bench.list();
      expect(list).toMatchObject({kind: 'WidgetList', apiVersion: 'conformance.berth.dev/v1'});
      expect(names(list)).toEqual(['a', 'a-b', 'b']);
      expect(list.items[0]).toEqual(await bench.get('a'));
      const newest = Math.max(...list.items.map(({metadata}) => Number(metadata.resourceVersion)));
      expect(Number(list.metadata.resourceVersion)).toBeGreaterThanOrEqual(newest);
    });

    it('shows one namespace or all of them', async () => {
      await bench.create('here');
      const first = bench.namespace;
      await bench.freshNamespace();
      await bench.create('there');
      expect(names(await bench.list())).toEqual(['there']);
      const all = await bench.list({}, '/apis/conformance.berth.dev/v1/widgets');
      const seen = all.items.map(({metadata}) => `${metadata.namespace}/${metadata.name}`);
      expect(seen).toContain(`${first}/here`);
      expect(seen).toContain(`${bench.namespace}/there`);
      const empty = await bench.list({}, '/apis/conformance.berth.dev/v1/namespaces/none/widgets');
      expect(empty.items).toEqual([]);
    });

    it('of built-in kinds says the type once, for all items', async () => {
      const {kind, items} = await bench.list({limit: 1}, '/api/v1/namespaces');
      expect(kind).toBe('NamespaceList');
      expect([items[0]?.kind, items[0]?.apiVersion]).toEqual([undefined, undefined]);
    });
  });

  describe('a list in chunks', () => {
    beforeEach(async () => {
      for (const name of ['a', 'b', 'c', 'd', 'e']) await bench.create(name);
    });

    it('is consistent, whatever happens meanwhile', async () => {
      const first = await bench.list({limit: 2});
      expect(names(first)).toEqual(['a', 'b']);
      expect(first.metadata.remainingItemCount).toBe(3);
      await bench.call('DELETE', bench.path(widgets, 'c'));
      await bench.create('bb');
      await bench.change('d', {spec: {image: 'new'}});
      await bench.change('d', {spec: {image: 'newer'}});
      const second = await bench.list({limit: 2, continue: first.metadata.continue});
      expect(names(second)).toEqual(['c', 'd']);
      expect(second.items[1]?.spec['image']).toBe('a');
      const rest = await bench.list({continue: second.metadata.continue});
      expect(names(rest)).toEqual(['e']);
      expect(rest.metadata.continue ?? '').toBe('');
      expect([second, rest].map(({metadata}) => metadata.resourceVersion)).toEqual([
        first.metadata.resourceVersion,
        first.metadata.resourceVersion,
      ]);
      expect(names(await bench.list())).toEqual(['a', 'b', 'bb', 'd', 'e']);
    });

    it('that ends with its chunk needs no other', async () => {
      const list = await bench.list({limit: 5});
      expect(names(list)).toHaveLength(5);
      expect(list.metadata.continue ?? '').toBe('');
      expect(list.metadata.remainingItemCount).toBeUndefined();
    });

    it('counts no rest where a selector would have to be tried', async () => {
      const list = await bench.list({limit: 2, labelSelector: '!x'});
      expect(list.metadata.continue).toBeTruthy();
      expect(list.metadata.remainingItemCount).toBeUndefined();
    });

    it('does not exist at any revision', async () => {
      // The cache that answers it may be behind what was written; this one waits for it.
      const {resourceVersion} = (await bench.list({})).metadata;
      await bench.list({resourceVersion});
      const list = await bench.list({limit: 2, resourceVersion: '0'});
      expect(names(list)).toHaveLength(5);
    });

    it.each<[string, Record<string, string | number>, string]>([
      ['with a token that is none', {continue: 'x'}, '400 BadRequest: invalid continue token'],
      ['with a limit that is none', {limit: 'x'}, '400 BadRequest'],
    ])('%s is refused', async (_, query, wanted) => {
      const reply = await bench.call('GET', bench.path(widgets), undefined, query);
      expect(refusalOf(reply)).toContain(wanted);
    });

    it('and with a revision is refused', async () => {
      const {metadata} = await bench.list({limit: 2});
      const reply = await bench.call('GET', bench.path(widgets), undefined, {
        continue: metadata.continue,
        resourceVersion: '5',
      });
      expect(refusalOf(reply)).toBe(
        '400 BadRequest: specifying resource version is not allowed when using continue',
      );
    });
  });

  describe('a list at a revision', () => {
    it('shows the past where it is asked for exactly', async () => {
      await bench.create('a');
      await bench.create('b');
      const {resourceVersion} = (await bench.list()).metadata;
      await bench.call('DELETE', bench.path(widgets, 'a'));
      await bench.change('b', {spec: {image: 'new'}});
      const past = await bench.list({resourceVersion, resourceVersionMatch: 'Exact'});
      expect(past.items.map(({metadata, spec}) => [metadata.name, spec['image']])).toEqual([
        ['a', 'a'],
        ['b', 'a'],
      ]);
      expect(past.metadata.resourceVersion).toBe(resourceVersion);
      const present = await bench.list({resourceVersion, resourceVersionMatch: 'NotOlderThan'});
      expect(names(present)).toEqual(['b']);
    });

    it.each<[string, Record<string, string>, string]>([
      ['that is none', {resourceVersion: 'x'}, '400 BadRequest: invalid resource version'],
      [
        'of the future',
        {resourceVersion: '99999999999'},
        '504 Timeout: Timeout: Too large resource version: 99999999999',
      ],
      [
        'that is not given',
        {resourceVersionMatch: 'Exact'},
        '422 Invalid: ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
      ],
      ['that can be any', {resourceVersionMatch: 'Exact', resourceVersion: '0'}, '422 Invalid'],
      [
        'compared in an unknown way',
        {resourceVersionMatch: 'No', resourceVersion: '5'},
        '422 Invalid',
      ],
    ])('%s is refused', async (_, query, wanted) => {
      const reply = await bench.call('GET', bench.path(widgets), undefined, query);
      expect(refusalOf(reply)).toContain(wanted);
    });
  });

  selectors(bench);
}

function selectors(bench: Bench): void {
  const select = async (query: object) => {
    const {items} = await bench.list({...query});
    return items.map(({metadata}) => metadata.name).join('');
  };

  describe('a label selector', () => {
    it('selects by each of its forms, and refuses what is none', async () => {
      await bench.create('a', {image: 'a'}, {labels: {k: 'a', env: 'p', num: '5'}});
      await bench.create('b', {image: 'a'}, {labels: {k: 'b', env: 'p'}});
      await bench.create('c', {image: 'a'}, {labels: {k: '', 'x.io/y': 'z'}});
      await bench.create('d');
      const wanted: Record<string, string> = {
        '': 'abcd',
        'k=a': 'a',
        'k==a': 'a',
        'k!=a': 'bcd',
        'k in (a,b)': 'ab',
        'k in (,a)': 'ac',
        'k in ()': 'c',
        'k notin (a,b)': 'cd',
        k: 'abc',
        '!k': 'd',
        'k=': 'c',
        'k!=': 'abd',
        'num>4': 'a',
        'num > 5': '',
        'num<6': 'a',
        'k=a,env=p': 'a',
        'env=p,k!=a': 'b',
        ' k = a ': 'a',
        'x.io/y=z': 'c',
      };
      const found: Record<string, string> = {};
      for (const labelSelector of Object.keys(wanted)) {
        found[labelSelector] = await select({labelSelector});
      }
      expect(found).toEqual(wanted);
      for (const labelSelector of ['=a', 'a b', 'k=a,', 'k in (a', 'num>x', 'k=a b', 'k in a']) {
        const reply = await bench.call('GET', bench.path(widgets), undefined, {labelSelector});
        expect([labelSelector, reply.status]).toEqual([labelSelector, 400]);
      }
    });
  });

  describe('a field selector', () => {
    it('selects by the fields that the kind offers, and refuses others', async () => {
      await bench.create('a', {image: 'a', priority: 5});
      await bench.create('b');
      await bench.change('b', {status: {workerName: 'w-1'}}, 'status');
      const wanted: Record<string, string> = {
        'metadata.name=a': 'a',
        'metadata.name==a': 'a',
        'metadata.name!=a': 'b',
        [`metadata.namespace=${bench.namespace}`]: 'ab',
        'metadata.namespace=other': '',
        'spec.priority=5': 'a',
        'spec.priority=0': 'b',
        'status.workerName=w-1': 'b',
        'status.workerName=': 'a',
        'status.workerName!=': 'b',
        'status.workerName=w-1,spec.priority=5': '',
        'metadata.name=a,': 'a',
        'metadata.name=a\\,b': '',
      };
      const found: Record<string, string> = {};
      for (const fieldSelector of Object.keys(wanted)) {
        found[fieldSelector] = await select({fieldSelector});
      }
      expect(found).toEqual(wanted);
      for (const [fieldSelector, message] of [
        ['spec.image=a', 'field label not supported: spec.image'],
        ['metadata.name', "invalid selector: 'metadata.name'; can't understand 'metadata.name'"],
      ] as const) {
        const reply = await bench.call('GET', bench.path(widgets), undefined, {fieldSelector});
        expect(refusalOf(reply)).toBe(`400 BadRequest: ${message}`);
      }
    });
  });
}
