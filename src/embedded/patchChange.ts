import type {ApiCall} from '../kube/transport.ts';
import type {ApiObject} from './apiObject.ts';
import {badRequest, refuse} from './apiStatus.ts';
import {applyPatch} from './applyPatch.ts';
import {copyJson, isObject} from './json.ts';
import {jsonPatch} from './jsonPatch.ts';
import type {Kind} from './kind.ts';
import {mergePatch} from './mergePatch.ts';
import {invalidOptions, textOf} from './query.ts';

/**
 * What the body of a PATCH makes of an object, which it leaves as it is. @throws Refusal 400, 415,
 * 422
 */
export function patchChange(call: ApiCall, kind: Kind): (object: ApiObject) => unknown {
  const {body} = call;
  switch (call.contentType) {
    case 'application/merge-patch+json':
      if (!isObject(body)) {
        const found = Array.isArray(body) ? 'array' : typeof body;
        throw badRequest(
          `error decoding patch: json: cannot unmarshal ${found} into Go value of type map[string]interface {}`,
        );
      }
      return (object) => mergePatch(object, body);
    case 'application/json-patch+json':
      return (object) => jsonPatch(copyJson(object), body);
    case 'application/apply-patch+yaml':
      checkApplied(call);
      return (object) => applyPatch(copyJson(object), body, kind.schema);
    default:
      throw refuse(
        415,
        'UnsupportedMediaType',
        'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
      );
  }
}

/** The object to create where an apply finds none; undefined for other patches. */
export function appliedObject({contentType, body}: ApiCall, name: string): object | undefined {
  if (contentType !== 'application/apply-patch+yaml' || !isObject(body)) return undefined;
  const metadata = isObject(body['metadata']) ? body['metadata'] : {};
  return {...body, metadata: {...metadata, name: metadata['name'] ?? name}};
}

function checkApplied({query = {}, body}: ApiCall): void {
  if (textOf(query, 'fieldManager') === '') {
    const message = 'Required value: is required for apply patch';
    throw invalidOptions('PatchOptions', [
      {reason: 'FieldValueRequired', message, field: 'fieldManager'},
    ]);
  }
  const isTyped =
    isObject(body) && typeof body['kind'] === 'string' && typeof body['apiVersion'] === 'string';
  if (!isTyped) throw badRequest('error decoding patch: apiVersion and kind must be set');
}
