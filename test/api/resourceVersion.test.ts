import {describe, expect, it} from 'vitest';
import {isNewerVersion} from '../../src/api/resourceVersion.ts';

describe('a resource version', () => {
  it.each([
    ['10', '9', true],
    ['9', '10', false],
    ['10', '10', false],
    ['99999999999999999999', '99999999999999999998', true],
    ['99999999999999999998', '99999999999999999999', false],
    ['opaque', '10', true],
    ['10', 'opaque', true],
    ['', '10', true],
    ['opaque', 'opaque', false],
  ])('%s against %s is newer: %s', (candidate, reference, isNewer) => {
    expect(isNewerVersion(candidate, reference)).toBe(isNewer);
  });
});
