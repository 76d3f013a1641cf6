/**
 * Just enough of the Prometheus operator for an API server to take a ServiceMonitor: the kind, and
 * the fields that Prometheus cannot do without. As JSON, which is YAML.
 */
export const serviceMonitorCrd = JSON.stringify({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: {name: 'servicemonitors.monitoring.coreos.com'},
  spec: {
    group: 'monitoring.coreos.com',
    scope: 'Namespaced',
    names: {kind: 'ServiceMonitor', plural: 'servicemonitors', singular: 'servicemonitor'},
    versions: [{name: 'v1', served: true, storage: true, schema: {openAPIV3Schema: schema()}}],
  },
});

function schema(): object {
  const text = {type: 'string'};
  const selector = {
    type: 'object',
    properties: {matchLabels: {type: 'object', additionalProperties: text}},
  };
  const endpoint = {type: 'object', properties: {port: text, path: text, interval: text}};
  const spec = {
    type: 'object',
    required: ['endpoints', 'selector'],
    properties: {selector, endpoints: {type: 'array', items: endpoint}},
  };
  return {type: 'object', required: ['spec'], properties: {spec}};
}
