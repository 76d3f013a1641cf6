import {describe, expect, it} from 'vitest';
import {waitFor} from '../servers/waitFor.ts';
import type {Bench, Seen} from './bench.ts';
import {gadgetCrd, gadgets} from './widgetCrd.ts';

const DEADLINE_MS = 15_000;
const CRD = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${gadgetCrd.metadata.name}`;

/** CustomResourceDefinitions that change while objects are there. */
export function definitions(bench: Bench): void {
  describe('a schema that became narrower', () => {
    it('leaves old values alone, and takes no new ones', async () => {
      const name = `${bench.namespace}-g`;
      const gadget = (level: number) => ({
        apiVersion: 'conformance.berth.dev/v1',
        kind: 'Gadget',
        metadata: {name},
        spec: {level},
      });
      const path = bench.path(gadgets, name);
      expect((await bench.call('POST', bench.path(gadgets), gadget(9))).status).toBe(201);
      await narrow(bench, {type: 'integer', maximum: 5});
      await waitFor('the schema to be served', DEADLINE_MS, async () => {
        const body = {...gadget(9), metadata: {name: `${name}-probe`}};
        const probe = await bench.call('POST', bench.path(gadgets), body, {dryRun: 'All'});
        return probe.status === 422;
      });
      const labelled = await bench.patch(path, {metadata: {labels: {x: 'y'}}});
      expect((labelled.body as Seen).spec).toEqual({level: 9});
      expect((await bench.patch(path, {spec: {level: 10}})).status).toBe(422);
      expect((await bench.patch(path, {spec: {level: 3}})).status).toBe(200);
      expect((await bench.patch(path, {spec: {level: 9}})).status).toBe(422);
      await bench.call('DELETE', path);
      await narrow(bench, {type: 'integer'});
    });
  });
}

async function narrow(bench: Bench, level: object): Promise<void> {
  const [version] = gadgetCrd.spec.versions;
  const openAPIV3Schema = {
    type: 'object',
    properties: {spec: {type: 'object', properties: {level}}},
  };
  const reply = await bench.patch(CRD, {
    spec: {versions: [{...version, schema: {openAPIV3Schema}}]},
  });
  expect(reply.status).toBe(200);
}
