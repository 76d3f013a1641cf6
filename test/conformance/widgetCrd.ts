import type {Resource} from '../../src/kube/resource.ts';

/** A kind of our own, so that the suite touches nothing that Berth has on the same server. */
export const widgets: Resource = {
  group: 'conformance.berth.dev',
  version: 'v1',
  plural: 'widgets',
  kind: 'Widget',
  namespaced: true,
};

export const gadgets: Resource = {
  ...widgets,
  plural: 'gadgets',
  kind: 'Gadget',
  namespaced: false,
};

const widgetSchema = {
  type: 'object',
  required: ['spec'],
  properties: {
    spec: {
      type: 'object',
      required: ['image'],
      properties: {
        image: {type: 'string', minLength: 1, maxLength: 20},
        priority: {type: 'integer', minimum: 0, maximum: 1000, default: 0},
        pool: {type: 'string', pattern: '^[a-z]+$'},
        mode: {type: 'string', enum: ['Spread', 'Pack']},
        size: {'x-kubernetes-int-or-string': true, anyOf: [{type: 'integer'}, {type: 'string'}]},
        ratio: {type: 'number'},
        suspend: {type: 'boolean', default: false},
        free: {type: 'object', 'x-kubernetes-preserve-unknown-fields': true},
        args: {type: 'array', maxItems: 3, items: {type: 'string'}},
        env: {
          type: 'array',
          maxItems: 5,
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: {
            type: 'object',
            required: ['name'],
            properties: {
              name: {type: 'string'},
              value: {type: 'string'},
              shown: {type: 'boolean', default: true},
            },
          },
        },
        gpu: {
          type: 'object',
          properties: {count: {type: 'integer', format: 'int32', default: 1}},
        },
        marks: {type: 'object', maxProperties: 2, additionalProperties: {type: 'string'}},
      },
    },
    status: {
      type: 'object',
      properties: {
        phase: {type: 'string', enum: ['Pending', 'Running', 'Failed']},
        workerName: {type: 'string'},
        since: {type: 'string', format: 'date-time'},
        count: {type: 'integer'},
      },
    },
  },
};

export const widgetCrd = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: {name: 'widgets.conformance.berth.dev'},
  spec: {
    group: widgets.group,
    names: {kind: 'Widget', listKind: 'WidgetList', plural: 'widgets', singular: 'widget'},
    scope: 'Namespaced',
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: {status: {}},
        selectableFields: [{jsonPath: '.status.workerName'}, {jsonPath: '.spec.priority'}],
        schema: {openAPIV3Schema: widgetSchema},
      },
    ],
  },
};

/** Cluster-scoped, and without a status subresource. */
export const gadgetCrd = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: {name: 'gadgets.conformance.berth.dev'},
  spec: {
    group: gadgets.group,
    names: {kind: 'Gadget', listKind: 'GadgetList', plural: 'gadgets', singular: 'gadget'},
    scope: 'Cluster',
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {spec: {type: 'object', properties: {level: {type: 'integer'}}}},
          },
        },
      },
    ],
  },
};
