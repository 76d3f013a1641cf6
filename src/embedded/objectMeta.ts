import type {ApiObject, ObjectMeta, OwnerReference} from './apiObject.ts';
import {badRequest, type StatusCause} from './apiStatus.ts';
import {equalJson, isObject, type JsonObject} from './json.ts';
import type {Kind} from './kind.ts';

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const SUBDOMAIN_TEXT =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_TEXT =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const LABEL_VALUE_TEXT =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const QUALIFIED_NAME =
  /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]$/;

/**
 * The body of a write as an object of `kind`, with metadata of the right shape; unknown members of
 * metadata are dropped. Takes `body` over.
 * @throws Refusal 400, or 422 for a custom resource of another kind (as the real server does)
 */
export function decodeObject(body: unknown, kind: Kind): ApiObject {
  if (!isObject(body)) {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${kind.resource.kind}): couldn't get version/kind; json parse error`,
    );
  }
  const {apiVersion, kind: kindName, metadata, ...rest} = body;
  return {
    apiVersion: typeof apiVersion === 'string' ? apiVersion : '',
    kind: typeof kindName === 'string' ? kindName : '',
    metadata: decodeMeta(metadata, kind),
    ...rest,
  };
}

function decodeMeta(value: unknown, kind: Kind): ObjectMeta {
  const meta = isObject(value) ? value : {};
  const {version, kind: name} = kind.resource;
  const wrong = (member: string, found: unknown, wanted: string) => {
    const type = Array.isArray(found) ? 'array' : typeof found;
    return badRequest(
      `${name} in version "${version}" cannot be handled as a ${name}: json: cannot unmarshal ${type} into Go struct field ObjectMeta.${member} of type ${wanted}`,
    );
  };
  const text = (member: string) => {
    const found = meta[member] ?? '';
    if (typeof found !== 'string') throw wrong(member, found, 'string');
    return found;
  };
  const texts = (member: string) => {
    const found = meta[member];
    if (found === undefined || found === null) return undefined;
    if (!isObject(found)) throw wrong(member, found, 'map[string]string');
    const bad = Object.values(found).find((item) => typeof item !== 'string');
    if (bad !== undefined) throw wrong(member, bad, 'string');
    return Object.keys(found).length === 0 ? undefined : (found as Record<string, string>);
  };
  const list = <T>(member: string) => {
    const found = meta[member];
    if (found === undefined || found === null) return undefined;
    if (!Array.isArray(found)) throw wrong(member, found, '[]string');
    return found.length === 0 ? undefined : (found as T[]);
  };
  return assembleMeta({
    name: text('name'),
    generateName: text('generateName'),
    namespace: text('namespace'),
    uid: text('uid'),
    resourceVersion: text('resourceVersion'),
    generation: typeof meta['generation'] === 'number' ? meta['generation'] : undefined,
    creationTimestamp: text('creationTimestamp'),
    deletionTimestamp: text('deletionTimestamp'),
    deletionGracePeriodSeconds: meta['deletionGracePeriodSeconds'] as number | undefined,
    labels: texts('labels'),
    annotations: texts('annotations'),
    ownerReferences: list<OwnerReference>('ownerReferences'),
    finalizers: list<string>('finalizers'),
  });
}

const absentWhenEmpty: ReadonlySet<string> = new Set([
  'generateName',
  'namespace',
  'deletionTimestamp',
]);

/** Metadata with its members in one order and without the empty ones. */
export function assembleMeta(meta: JsonObject): ObjectMeta {
  const result: JsonObject = {};
  for (const key of Object.keys(meta)) {
    const value = meta[key];
    if (value === undefined || value === null) continue;
    // `name`, `uid` and the like are always there, so that readers need no second look.
    if (value === '' && absentWhenEmpty.has(key)) continue;
    result[key] = value;
  }
  return result as ObjectMeta;
}

/** Sets apiVersion and kind where a built-in kind may leave them out. */
export function checkTypeMeta(object: ApiObject, kind: Kind, wanted: string): StatusCause[] {
  const {kind: kindName} = kind.resource;
  if (!kind.custom) {
    const isSame = object.kind === '' || object.kind === kindName;
    if (!isSame || (object.apiVersion !== '' && object.apiVersion !== wanted)) {
      throw badRequest(
        `${object.kind} in version "${object.apiVersion}" cannot be handled as a ${kindName}`,
      );
    }
    object.apiVersion = wanted;
    object.kind = kindName;
    return [];
  }
  if (object.kind === '') {
    throw badRequest(
      `the object provided is unrecognized (must be of type ${kindName}): Object 'Kind' is missing`,
    );
  }
  if (object.apiVersion !== wanted) {
    throw badRequest(
      `the API version in the data (${object.apiVersion}) does not match the expected API version (${wanted})`,
    );
  }
  if (object.kind === kindName) return [];
  const message = `Invalid value: ${JSON.stringify(object.kind)}: must be ${kindName}`;
  return [{reason: 'FieldValueInvalid', message, field: 'kind'}];
}

function invalidValue(field: string, value: string, message: string): StatusCause {
  return {
    reason: 'FieldValueInvalid',
    message: `Invalid value: ${JSON.stringify(value)}: ${message}`,
    field: `metadata.${field}`,
  };
}

/** What is wrong with name, labels, annotations, finalizers and owner references. */
export function checkMeta(meta: ObjectMeta, kind: Kind): StatusCause[] {
  const causes: StatusCause[] = [];
  if (meta.name === '') {
    const message = 'Required value: name or generateName is required';
    causes.push({reason: 'FieldValueRequired', message, field: 'metadata.name'});
  } else if (kind.resource.kind === 'Namespace') {
    if (!LABEL.test(meta.name) || meta.name.length > 63) {
      causes.push(invalidValue('name', meta.name, LABEL_TEXT));
    }
  } else if (!SUBDOMAIN.test(meta.name)) {
    causes.push(invalidValue('name', meta.name, SUBDOMAIN_TEXT));
  } else if (meta.name.length > 253) {
    causes.push(invalidValue('name', meta.name, 'must be no more than 253 bytes'));
  }
  for (const [key, value] of Object.entries(meta.labels ?? {})) {
    if (!QUALIFIED_NAME.test(key)) {
      causes.push(invalidValue('labels', key, 'name part must consist of alphanumeric characters'));
    }
    if (value.length > 63) {
      causes.push(invalidValue('labels', value, 'must be no more than 63 bytes'));
    } else if (!LABEL_VALUE.test(value)) {
      causes.push(invalidValue('labels', value, LABEL_VALUE_TEXT));
    }
  }
  for (const key of Object.keys(meta.annotations ?? {})) {
    if (!QUALIFIED_NAME.test(key.toLowerCase())) {
      causes.push(
        invalidValue('annotations', key, 'name part must consist of alphanumeric characters'),
      );
    }
  }
  return [...causes, ...checkOwners(meta)];
}

function checkOwners({ownerReferences = []}: ObjectMeta): StatusCause[] {
  return ownerReferences.flatMap((owner, index) =>
    (['apiVersion', 'kind', 'name', 'uid'] as const)
      .filter((member) => typeof owner[member] !== 'string' || owner[member] === '')
      .map((member) => ({
        reason: 'FieldValueInvalid',
        message: `Invalid value: "": ${member === 'apiVersion' ? 'version' : member} must not be empty`,
        field: `metadata.ownerReferences[${index}].${member === 'apiVersion' ? 'apiVersion' : member}`,
      })),
  );
}

/** What a write may not change in metadata. */
export function checkMetaUpdate(meta: ObjectMeta, old: ObjectMeta): StatusCause[] {
  const causes: StatusCause[] = [];
  if (meta.uid !== old.uid) causes.push(invalidValue('uid', meta.uid, 'field is immutable'));
  if (old.deletionTimestamp !== undefined) {
    const known = new Set(old.finalizers ?? []);
    const added = (meta.finalizers ?? []).filter((finalizer) => !known.has(finalizer));
    if (added.length > 0) {
      const list = added.map((finalizer) => JSON.stringify(finalizer)).join(', ');
      causes.push({
        reason: 'FieldValueForbidden',
        message: `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`,
        field: 'metadata.finalizers',
      });
    }
  }
  return causes;
}

/** Members of metadata that only the server writes, taken from `old`. */
export function keepServerMeta(meta: ObjectMeta, old: ObjectMeta): ObjectMeta {
  return assembleMeta({
    name: old.name,
    generateName: old.generateName,
    namespace: old.namespace,
    uid: old.uid,
    resourceVersion: old.resourceVersion,
    generation: old.generation,
    creationTimestamp: old.creationTimestamp,
    deletionTimestamp: old.deletionTimestamp,
    deletionGracePeriodSeconds: old.deletionGracePeriodSeconds,
    labels: meta.labels,
    annotations: meta.annotations,
    ownerReferences: meta.ownerReferences,
    finalizers: meta.finalizers,
  });
}

/** Whether anything but metadata and, where it is a subresource, the status differs. */
export function isSpecChanged(next: ApiObject, old: ApiObject, kind: Kind): boolean {
  const ignored = new Set(['metadata', ...(kind.statusSubresource ? ['status'] : [])]);
  const keys = new Set([...Object.keys(next), ...Object.keys(old)]);
  for (const key of keys) {
    if (!ignored.has(key) && !equalJson(next[key], old[key])) return true;
  }
  return false;
}
