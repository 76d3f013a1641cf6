import {type CrdSource, GROUP, VERSION} from './crdSources.ts';
import {type StructuralSchema, structuralSchemaOf} from './structuralSchema.ts';

/** apiextensions.k8s.io/v1 CustomResourceDefinition, as far as Berth writes it. */
export interface Crd {
  readonly apiVersion: 'apiextensions.k8s.io/v1';
  readonly kind: 'CustomResourceDefinition';
  readonly metadata: {readonly name: string; readonly labels: Readonly<Record<string, string>>};
  readonly spec: {
    readonly group: string;
    readonly scope: 'Namespaced' | 'Cluster';
    readonly names: {
      readonly kind: string;
      readonly listKind: string;
      readonly plural: string;
      readonly singular: string;
      readonly shortNames?: readonly string[];
      readonly categories: readonly string[];
    };
    readonly versions: readonly {
      readonly name: string;
      readonly served: boolean;
      readonly storage: boolean;
      readonly additionalPrinterColumns: CrdSource['columns'];
      readonly selectableFields?: readonly {readonly jsonPath: string}[];
      readonly subresources: {readonly status: object};
      readonly schema: {readonly openAPIV3Schema: StructuralSchema};
    }[];
  };
}

/** The CRD of a kind: its schema, and what `source` says beside it. */
export function crdOf(source: CrdSource): Crd {
  const {kind, plural, singular, shortNames, selectableFields} = source;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {name: `${plural}.${GROUP}`, labels: {'app.kubernetes.io/part-of': 'berth'}},
    spec: {
      group: GROUP,
      scope: source.namespaced ? 'Namespaced' : 'Cluster',
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular,
        ...(shortNames.length > 0 && {shortNames}),
        categories: ['berth'],
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          additionalPrinterColumns: source.columns,
          ...(selectableFields.length > 0 && {
            selectableFields: selectableFields.map((jsonPath) => ({jsonPath})),
          }),
          subresources: {status: {}},
          schema: {openAPIV3Schema: rootSchemaOf(source)},
        },
      ],
    },
  };
}

/**
 * The API server owns the metadata: a CRD may only say that it is an object, and bound the name.
 */
function rootSchemaOf(source: CrdSource): StructuralSchema {
  const {required = [], properties, ...root} = structuralSchemaOf(source.schema);
  const {spec, status} = properties ?? {};
  const ours = required.filter((field) => field !== 'metadata');
  const name = source.maxNameLength && {maxLength: source.maxNameLength, type: 'string'};
  return {
    ...root,
    ...(ours.length > 0 && {required: ours}),
    properties: {
      apiVersion: {description: `Always ${GROUP}/${VERSION}.`, type: 'string'},
      kind: {description: `Always ${source.kind}.`, type: 'string'},
      metadata: {type: 'object', ...(name && {properties: {name}})},
      ...(spec && {spec}),
      ...(status && {status}),
    },
  };
}
