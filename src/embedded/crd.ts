import type {Resource} from '../kube/resource.ts';
import {isObject, objectAt} from './json.ts';
import {type Kind, kindDefaults} from './kind.ts';
import {hasRules, type Schema} from './schema.ts';

/**
 * The kinds that a CustomResourceDefinition (apiextensions.k8s.io/v1, as a parsed object) defines:
 * one for each served version. All of them share one store, so that only versions without
 * conversion make sense.
 * @throws Error when it is no such definition
 */
export function kindsOfCrd(crd: unknown): readonly Kind[] {
  const spec = isObject(crd) ? objectAt(crd, 'spec') : {};
  const names = objectAt(spec, 'names');
  const {group, versions, scope} = spec;
  const {plural, kind, listKind} = names;
  if (
    typeof group !== 'string' ||
    typeof plural !== 'string' ||
    typeof kind !== 'string' ||
    !Array.isArray(versions)
  ) {
    throw new Error(
      'Cannot apply the CRD as it must have spec.group, spec.names and spec.versions: ' +
        `current value is ${JSON.stringify(crd)?.slice(0, 200)}`,
    );
  }
  return versions.filter(isObject).flatMap((version) => {
    if (version['served'] !== true) return [];
    const name = String(version['name']);
    const resource = {group, version: name, plural, kind, namespaced: scope === 'Namespaced'};
    return [kindOfVersion(resource, version, typeof listKind === 'string' ? listKind : undefined)];
  });
}

function kindOfVersion(
  resource: Resource,
  version: Readonly<Record<string, unknown>>,
  listKind: string | undefined,
): Kind {
  const schema = objectAt(version, 'schema')['openAPIV3Schema'] as Schema | undefined;
  const fields = version['selectableFields'];
  return {
    ...kindDefaults(resource),
    ...(listKind !== undefined && {listKind}),
    ...(schema && {schema: withoutMeta(schema), hasRules: hasRules(schema)}),
    statusSubresource: isObject(objectAt(version, 'subresources')['status']),
    statusMayRelabel: false,
    custom: true,
    hasGeneration: true,
    unconditionalUpdate: false,
    selectableFields: (Array.isArray(fields) ? fields : [])
      .filter(isObject)
      .map((field) => String(field['jsonPath']).replace(/^\./, '')),
  };
}

/** The type and its metadata are the server's own affair. */
function withoutMeta(schema: Schema): Schema {
  const {apiVersion: _, kind: __, metadata: ___, ...properties} = schema.properties ?? {};
  const required = schema.required?.filter(
    (key) => !['apiVersion', 'kind', 'metadata'].includes(key),
  );
  return {...schema, properties, ...(required && {required})};
}
