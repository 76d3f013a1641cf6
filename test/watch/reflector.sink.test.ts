import {describe, expect, it} from 'vitest';
import {added, deleted, modified, open, page} from './script.ts';
import {decode, RecordingSink, runScript} from './watchRig.ts';

const a1 = {name: 'a', rv: 1};
const b2 = {name: 'b', rv: 2};

describe('decoding', () => {
  it('sees no managedFields, and leaves the object of the transport as it was', async () => {
    const sawManagedFields: boolean[] = [];
    const first = page([a1], 9);
    const {stop} = await runScript([first, open(modified({name: 'a', rv: 10}))], {
      decode: (object) => {
        sawManagedFields.push(JSON.stringify(object).includes('managedFields'));
        return decode(object);
      },
    });
    expect(sawManagedFields).toEqual([false, false]);
    expect(JSON.stringify(first)).toContain('managedFields');
    await stop();
  });

  it('that throws is a programmer error and ends the run', async () => {
    const {ended, clock} = await runScript([page([a1], 9)], {
      decode: () => {
        throw new Error('planted');
      },
    });
    await expect(ended).rejects.toThrow('planted');
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('the transport', () => {
  it('that throws what is no TransportError has a defect, and ends the run loudly', async () => {
    const watch = open();
    const {ended, clock} = await runScript([page([a1], 9), watch]);
    watch.stream.break(new TypeError('planted'));
    await expect(ended).rejects.toThrow('planted');
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('the sink', () => {
  it.each(['replace', 'upsert', 'remove'] as const)(
    'that throws in %s ends the run loudly',
    async (method) => {
      const sink = new RecordingSink();
      sink[method] = () => {
        throw new Error('planted');
      };
      const watch = open(added(b2), deleted({name: 'a', rv: 4}));
      const {ended, clock} = await runScript([page([a1], 1), watch], {sink});
      await expect(ended).rejects.toThrow('planted');
      expect(clock.pendingTimers, 'no watch may be left').toBe(0);
      expect(watch.stream.isClosed).toBe(method !== 'replace');
    },
  );
});
