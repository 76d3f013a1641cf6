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

/** A sink that brings a part of each object to `sink`. */
export function mapSink<T, Part>(part: (object: T) => Part, sink: ObjectSink<Part>): ObjectSink<T> {
  return {
    replace: (all) => sink.replace(all.map(part)),
    upsert: (object) => sink.upsert(part(object)),
    remove: (key) => sink.remove(key),
  };
}
