import {events, leases, namespaces, nodes, pods, type Resource} from '../kube/resource.ts';
import type {ApiObject} from './apiObject.ts';
import type {StatusCause} from './apiStatus.ts';
import {equalJson, isObject, type JsonObject, objectAt} from './json.ts';
import {type Kind, kindDefaults} from './kind.ts';

export const customResourceDefinitions: Resource = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};

const MICRO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)$/;

function required(field: string): StatusCause {
  return {reason: 'FieldValueRequired', message: 'Required value', field};
}

function wrong(field: string, value: unknown, message: string): StatusCause {
  const text = `Invalid value: ${JSON.stringify(value)}: ${message}`;
  return {reason: 'FieldValueInvalid', message: text, field};
}

function badMicroTime(object: JsonObject, members: readonly string[]): string | undefined {
  for (const member of members) {
    const value = object[member];
    if (value === undefined || value === null) continue;
    if (typeof value !== 'string' || !MICRO_TIME.test(value)) {
      return `parsing time ${JSON.stringify(value)} as "2006-01-02T15:04:05.000000Z07:00": cannot parse`;
    }
  }
  return undefined;
}

const leaseKind: Kind = {
  ...kindDefaults(leases),
  statusSubresource: false,
  createOnUpdate: true,
  unconditionalUpdate: false,
  malformed: (object) => badMicroTime(objectAt(object, 'spec'), ['acquireTime', 'renewTime']),
  validate(object) {
    const {leaseDurationSeconds: duration, leaseTransitions: transitions} = objectAt(
      object,
      'spec',
    );
    const causes: StatusCause[] = [];
    if (typeof duration === 'number' && duration <= 0) {
      causes.push(wrong('spec.leaseDurationSeconds', duration, 'must be greater than 0'));
    }
    if (typeof transitions === 'number' && transitions < 0) {
      causes.push(
        wrong('spec.leaseTransitions', transitions, 'must be greater than or equal to 0'),
      );
    }
    return causes;
  },
};

/** Members of an Event that may change after its creation, as `series` counts repetitions. */
const MUTABLE_EVENT_MEMBERS = new Set(['series', 'metadata']);

const eventKind: Kind = {
  ...kindDefaults(events),
  statusSubresource: false,
  createOnUpdate: true,
  selectableFields: [
    'reason',
    'type',
    'reportingController',
    'regarding.kind',
    'regarding.namespace',
    'regarding.name',
    'regarding.uid',
  ],
  malformed: (object) =>
    badMicroTime(object, ['eventTime']) ??
    badMicroTime(objectAt(object, 'series'), ['lastObservedTime']),
  validate: (object, old) => (old ? changedEventMembers(object, old) : wrongEventMembers(object)),
};

function changedEventMembers(object: ApiObject, old: ApiObject): StatusCause[] {
  const keys = new Set([...Object.keys(object), ...Object.keys(old)]);
  return [...keys]
    .filter((key) => !MUTABLE_EVENT_MEMBERS.has(key) && !equalJson(object[key], old[key]))
    .map((key) => wrong(key === 'note' ? 'message' : key, object[key], 'field is immutable'));
}

function wrongEventMembers(object: ApiObject): StatusCause[] {
  const causes: StatusCause[] = [];
  const {namespace = ''} = object.metadata;
  const about = objectAt(object, 'regarding')['namespace'] ?? '';
  // An Event about a cluster-scoped object lives in the default namespace; that the other
  // namespaces agree, the real server does not check for events.k8s.io.
  if (about === '' && namespace !== 'default') {
    causes.push(wrong('involvedObject.namespace', about, 'does not match event.namespace'));
  }
  if (typeof object['eventTime'] !== 'string') causes.push(required('eventTime'));
  for (const [member, most] of [
    ['reportingController', 63 + 1 + 253],
    ['reportingInstance', 128],
    ['action', 128],
    ['reason', 128],
  ] as const) {
    const value = object[member];
    if (typeof value !== 'string' || value === '') causes.push(required(member));
    else if (value.length > most) {
      causes.push(wrong(member, '', `can have at most ${most} characters`));
    }
  }
  const {note, type} = object;
  if (typeof note === 'string' && note.length > 1024) {
    causes.push(wrong('message', '', 'can have at most 1024 characters'));
  }
  if (type !== 'Normal' && type !== 'Warning') {
    causes.push(wrong('type', '', `has invalid value: ${typeof type === 'string' ? type : ''}`));
  }
  return causes;
}

const MUTABLE_POD_MEMBERS = new Set([
  'containers',
  'initContainers',
  'activeDeadlineSeconds',
  'tolerations',
  'terminationGracePeriodSeconds',
]);

const podKind: Kind = {
  ...kindDefaults(pods),
  hasGeneration: true,
  selectableFields: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.nominatedNodeName',
  ],
  prepareCreate(object) {
    const spec = objectAt(object, 'spec');
    object['spec'] = {
      ...spec,
      restartPolicy: spec['restartPolicy'] ?? 'Always',
      terminationGracePeriodSeconds: spec['terminationGracePeriodSeconds'] ?? 30,
      dnsPolicy: spec['dnsPolicy'] ?? 'ClusterFirst',
      schedulerName: spec['schedulerName'] ?? 'default-scheduler',
    };
    object['status'] = {phase: 'Pending'};
  },
  validate: (object, old) => (old ? changedPodMembers(object, old) : wrongPodMembers(object)),
  graceSeconds(object, wanted) {
    const spec = objectAt(object, 'spec');
    const phase = objectAt(object, 'status')['phase'];
    // Without a kubelet that would confirm the end there is nothing to wait for.
    if (!spec['nodeName'] || phase === 'Succeeded' || phase === 'Failed') return 0;
    const seconds = wanted ?? spec['terminationGracePeriodSeconds'];
    return typeof seconds === 'number' ? Math.max(0, seconds) : 30;
  },
};

function wrongPodMembers(object: ApiObject): StatusCause[] {
  const {containers, restartPolicy} = objectAt(object, 'spec');
  const causes: StatusCause[] = [];
  if (!Array.isArray(containers) || containers.length === 0) {
    causes.push(required('spec.containers'));
  }
  for (const [index, container] of (Array.isArray(containers) ? containers : []).entries()) {
    const member = isObject(container) ? container : {};
    if (!member['name']) causes.push(required(`spec.containers[${index}].name`));
    if (!member['image']) causes.push(required(`spec.containers[${index}].image`));
  }
  if (!['Always', 'OnFailure', 'Never'].includes(String(restartPolicy))) {
    causes.push({
      reason: 'FieldValueNotSupported',
      message: `Unsupported value: ${JSON.stringify(restartPolicy)}: supported values: "Always", "OnFailure", "Never"`,
      field: 'spec.restartPolicy',
    });
  }
  return causes;
}

function changedPodMembers(object: ApiObject, old: ApiObject): StatusCause[] {
  const [spec, before] = [objectAt(object, 'spec'), objectAt(old, 'spec')];
  const keys = new Set([...Object.keys(spec), ...Object.keys(before)]);
  const changed = [...keys].filter(
    (key) => !MUTABLE_POD_MEMBERS.has(key) && !equalJson(spec[key], before[key]),
  );
  if (changed.length === 0) return [];
  const message =
    'Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';
  return [{reason: 'FieldValueForbidden', message, field: 'spec'}];
}

const namespaceKind: Kind = {
  ...kindDefaults(namespaces),
  selectableFields: ['status.phase'],
  prepareCreate(object) {
    const {metadata} = object;
    metadata.labels = {...metadata.labels, 'kubernetes.io/metadata.name': metadata.name};
    object['spec'] = {finalizers: ['kubernetes']};
    object['status'] = {phase: 'Active'};
  },
};

const nodeKind: Kind = {
  ...kindDefaults(nodes),
  selectableFields: ['spec.unschedulable'],
  prepareCreate(object) {
    object['spec'] ??= {};
    object['status'] ??= {};
  },
};

const crdKind: Kind = {
  ...kindDefaults(customResourceDefinitions),
  hasGeneration: true,
  unconditionalUpdate: false,
};

/** Kinds that the server has without a CRD, as far as Berth needs them. */
export const builtInKinds: readonly Kind[] = [
  podKind,
  nodeKind,
  namespaceKind,
  leaseKind,
  eventKind,
  crdKind,
];
