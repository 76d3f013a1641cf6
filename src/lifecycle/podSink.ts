import type {Lifecycle} from './lifecycle.ts';
import type {PodRecord} from './nextStep.ts';

/** Brings Pods of requests to the lifecycle; remembers which Pod had a key, as a deletion names no more. */
export function podSink(lifecycle: Pick<Lifecycle, 'observePod' | 'podGone'>) {
  const known = new Map<string, PodRecord>();
  const keyOf = ({namespace, name}: PodRecord) => `${namespace}/${name}`;
  const remove = (key: string) => {
    const pod = known.get(key);
    if (!pod) return;
    known.delete(key);
    lifecycle.podGone(pod);
  };
  const upsert = (pod: PodRecord) => {
    if (pod.requestUid === '') return;
    known.set(keyOf(pod), pod);
    lifecycle.observePod(pod);
  };
  return {
    replace(all: readonly PodRecord[]) {
      const listed = new Set(all.map(keyOf));
      for (const key of [...known.keys()]) if (!listed.has(key)) remove(key);
      for (const pod of all) upsert(pod);
    },
    upsert,
    remove,
  };
}
