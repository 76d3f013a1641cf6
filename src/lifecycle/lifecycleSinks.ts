import type {ParsedRequest} from '../api/records.ts';
import type {ObjectSink} from '../watch/reflector.ts';
import type {Lifecycle} from './lifecycle.ts';
import type {PodRecord} from './nextStep.ts';

interface Named {
  readonly namespace: string;
  readonly name: string;
}

/** Brings Pods of requests to the lifecycle. */
export function podSink(
  lifecycle: Pick<Lifecycle, 'observePod' | 'podGone'>,
): ObjectSink<PodRecord> {
  return remembering({
    isWanted: (pod) => pod.requestUid !== '',
    upsert: (pod) => lifecycle.observePod(pod),
    remove: (pod) => lifecycle.podGone(pod),
  });
}

/** Brings requests that have ended to the lifecycle; nobody who decides ever sees them. */
export function finishedSink(
  lifecycle: Pick<Lifecycle, 'observe' | 'gone'>,
): ObjectSink<ParsedRequest> {
  return remembering({
    isWanted: () => true,
    upsert: (request) => lifecycle.observe(request),
    remove: ({key, uid}) => lifecycle.gone(key, uid),
  });
}

/** Keeps the latest object of each key, as a deletion names no more than that. */
function remembering<T extends Named>(to: {
  isWanted(object: T): boolean;
  upsert(object: T): void;
  remove(object: T): void;
}): ObjectSink<T> {
  const known = new Map<string, T>();
  const keyOf = ({namespace, name}: Named) => `${namespace}/${name}`;
  const remove = (key: string) => {
    const object = known.get(key);
    if (!object) return;
    known.delete(key);
    to.remove(object);
  };
  const upsert = (object: T) => {
    if (!to.isWanted(object)) return;
    known.set(keyOf(object), object);
    to.upsert(object);
  };
  return {
    replace(all) {
      const listed = new Set(all.map(keyOf));
      for (const key of [...known.keys()]) if (!listed.has(key)) remove(key);
      for (const object of all) upsert(object);
    },
    upsert,
    remove,
  };
}
