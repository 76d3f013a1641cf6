import type {Random} from '../lib/random.ts';

/** Without vowels and look-alikes, as the real server's suffixes. */
const SUFFIX_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
const SUFFIX_LENGTH = 5;

/** What follows `generateName`. */
export function randomSuffix(random: Random): string {
  let suffix = '';
  for (let index = 0; index < SUFFIX_LENGTH; index++) {
    suffix += SUFFIX_ALPHABET[Math.floor(random.next() * SUFFIX_ALPHABET.length)]!;
  }
  return suffix;
}

/** A UUID of version 4. */
export function randomUid(random: Random): string {
  const word = () => Math.floor(random.next() * 0x1_0000_0000);
  const hex = (value: number) => (value >>> 0).toString(16).padStart(8, '0');
  const [first, second, third, fourth] = [
    hex(word()),
    hex((word() & 0xffff0fff) | 0x4000),
    hex((word() & 0x3fffffff) | 0x80000000),
    hex(word()),
  ];
  return `${first}-${second!.slice(0, 4)}-${second!.slice(4)}-${third!.slice(0, 4)}-${third!.slice(4)}${fourth}`;
}
