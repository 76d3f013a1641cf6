import type {ObjectSink} from '../watch/reflector.ts';

/** One sink that brings everything to each of `sinks`, in their order. */
export function fanOut<T>(...sinks: readonly ObjectSink<T>[]): ObjectSink<T> {
  return {
    replace(all) {
      for (const sink of sinks) sink.replace(all);
    },
    upsert(object) {
      for (const sink of sinks) sink.upsert(object);
    },
    remove(key) {
      for (const sink of sinks) sink.remove(key);
    },
  };
}
