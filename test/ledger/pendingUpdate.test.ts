import {describe, expect, it} from 'vitest';
import {PendingUpdate} from '../../src/ledger/pendingUpdate.ts';

function begun(): PendingUpdate {
  const update = new PendingUpdate();
  update.begin();
  return update;
}

describe('what waits for the next commit', () => {
  it('is taken once, in the order in which it came', () => {
    const update = begun();
    update.release('b');
    update.release('a');
    update.confirm('c');
    expect(update.take(10)).toEqual({releases: ['b', 'a'], confirmed: ['c']});
    expect(update.take(10)).toEqual({releases: [], confirmed: []});
  });

  it('is each uid once, however often it is said', () => {
    const update = begun();
    for (let times = 0; times < 3; times++) {
      update.release('a');
      update.confirm('b');
    }
    expect(update.releaseCount).toBe(1);
    expect(update.take(10)).toEqual({releases: ['a'], confirmed: ['b']});
  });

  it('is as many of each as asked for; the rest goes with the commit after', () => {
    const update = begun();
    for (let index = 0; index < 5; index++) {
      update.release(`r-${index}`);
      update.confirm(`c-${index}`);
    }
    expect(update.take(3)).toEqual({
      releases: ['r-0', 'r-1', 'r-2'],
      confirmed: ['c-0', 'c-1', 'c-2'],
    });
    expect(update.releaseCount).toBe(2);
    expect(update.take(3)).toEqual({releases: ['r-3', 'r-4'], confirmed: ['c-3', 'c-4']});
  });

  it.each([
    {name: 'a release where a request was bound and has ended', ends: ['confirm', 'release']},
    {name: 'no release where a request was given up and is bound', ends: ['release', 'confirm']},
  ] as const)('is $name', ({ends}) => {
    const update = begun();
    for (const end of ends) update[end]('a');
    const [releases, confirmed] = ends[1] === 'release' ? [['a'], []] : [[], ['a']];
    expect(update.take(10)).toEqual({releases, confirmed});
  });

  it('wakes its listener at the first release only, and not for what is bound', () => {
    const update = begun();
    let count = 0;
    update.onFirst = () => {
      count++;
    };
    update.confirm('a');
    expect(count).toBe(0);
    update.release('b');
    update.release('c');
    expect(count).toBe(1);
    update.take(1);
    update.release('d');
    expect(count).toBe(1);
    update.take(10);
    update.release('e');
    expect(count).toBe(2);
  });

  it('is nothing after a settle', () => {
    const update = begun();
    update.release('a');
    update.confirm('b');
    update.begin();
    expect(update.releaseCount).toBe(0);
    expect(update.take(10)).toEqual({releases: [], confirmed: []});
  });

  it('gives first the releases of what is assigned anew, whatever the limit, and no others', () => {
    const update = begun();
    for (const uid of ['r-0', 'r-1', 'a', 'b']) update.release(uid);
    const assignments = [{uid: 'b'}, {uid: 'new'}, {uid: 'a'}];
    expect(update.take(3, assignments)).toEqual({releases: ['b', 'a', 'r-0'], confirmed: []});
    expect(update.take(0, assignments)).toEqual({releases: [], confirmed: []});
    expect(update.take(9)).toEqual({releases: ['r-1'], confirmed: []});
  });

  it('wakes an idle leader once for what was placed behind its back', () => {
    const update = new PendingUpdate();
    let woken = 0;
    update.onFirst = () => woken++;
    update.adopt();
    expect([update.isWaiting, woken]).toEqual([false, 0]);
    update.begin();
    update.adopt();
    update.adopt();
    update.release('a');
    expect([update.isWaiting, woken]).toEqual([true, 1]);
    expect([update.takeAdopted(), update.takeAdopted()]).toEqual([true, false]);
    expect(update.isWaiting).toBe(true);
    update.take(1);
    expect(update.isWaiting).toBe(false);
    update.adopt();
    update.begin();
    expect(update.isWaiting).toBe(false);
  });

  it('is nothing while no leader takes it', () => {
    const update = new PendingUpdate();
    update.release('a');
    update.confirm('b');
    expect(update.take(10)).toEqual({releases: [], confirmed: []});
    update.begin();
    expect(update.take(10)).toEqual({releases: [], confirmed: []});
  });
});
