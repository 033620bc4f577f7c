import { expect, test } from '@jest/globals';
import { PendingWrites } from './pending-writes.ts';

const key = 'shop/settings';

/** A cache of one key over the pending writes: shows what they let through. */
class OneKey {
  readonly pending = new PendingWrites<string>();
  shown: string[] = [];

  get version(): string | undefined {
    return this.shown.at(-1);
  }

  event(version: string): void {
    if (!this.pending.holds(key, version, version)) this.show([version]);
  }

  begin(): void {
    this.pending.begin(key);
  }

  answer(version: string): boolean {
    const { show, doubtful } = this.pending.finish(key, version, version, this.version);
    this.show(show);
    return doubtful;
  }

  fail(): void {
    this.show(this.pending.abandon(key));
  }

  show(versions: readonly string[]): void {
    for (const version of versions) if (this.version !== version) this.shown.push(version);
  }
}

const cases: { readonly name: string; readonly play: (cache: OneKey) => void; readonly shown: readonly string[] }[] = [
  {
    name: 'an answer is shown at once, and older events that come after it are not',
    play: (cache) => {
      cache.event('a');
      cache.begin();
      cache.answer('c');
      for (const version of ['b', 'c', 'd']) cache.event(version);
    },
    shown: ['a', 'c', 'd'],
  },
  {
    name: 'what the watch showed after the answer is newer than the answer',
    play: (cache) => {
      cache.event('a');
      cache.begin();
      for (const version of ['b', 'c', 'd']) cache.event(version);
      cache.answer('c');
    },
    shown: ['a', 'c', 'd'],
  },
  {
    name: 'an answer that changes nothing waits for nothing',
    play: (cache) => {
      cache.event('a');
      cache.begin();
      cache.answer('a');
      cache.event('b');
    },
    shown: ['a', 'b'],
  },
  {
    name: 'an answer that changes nothing keeps waiting for the write before it',
    play: (cache) => {
      cache.event('a');
      cache.begin();
      cache.answer('c');
      cache.begin();
      cache.event('b');
      cache.answer('c');
      cache.event('c');
      cache.event('d');
    },
    shown: ['a', 'c', 'd'],
  },
  {
    name: 'a failed write does not bring back what is older than the answer before it',
    play: (cache) => {
      cache.event('a');
      cache.begin();
      cache.answer('c');
      cache.begin();
      cache.event('b');
      cache.fail();
      cache.event('c');
      cache.event('d');
    },
    shown: ['a', 'c', 'd'],
  },
  {
    name: 'a failed write shows what came while it was in flight',
    play: (cache) => {
      cache.event('a');
      cache.begin();
      cache.event('b');
      cache.fail();
    },
    shown: ['a', 'b'],
  },
  {
    name: 'a list that was asked for after the answer is newer than it',
    play: (cache) => {
      cache.begin();
      cache.answer('b');
      cache.pending.listing();
      cache.event('a');
      cache.event('d');
      cache.show(cache.pending.listed().map(([, version]) => version));
      cache.event('e');
    },
    shown: ['b', 'd', 'e'],
  },
];

test.each(cases)('$name', ({ play, shown }) => {
  const cache = new OneKey();
  play(cache);
  expect(cache.shown).toEqual(shown);
});

test('an answer that met a list without showing up in it is in doubt until the object is read', () => {
  const cache = new OneKey();
  cache.begin();
  cache.pending.listing();
  cache.event('d');
  expect(cache.answer('b')).toBe(true);
  cache.show(cache.pending.listed().map(([, version]) => version));
  cache.event('e');
  cache.show(cache.pending.resolve(key, 'e', 'e'));
  cache.event('f');
  expect(cache.shown).toEqual(['b', 'e', 'f']);
});

test('a read that is newer than all events makes the cache wait for its event', () => {
  const cache = new OneKey();
  cache.begin();
  cache.pending.listing();
  cache.event('a');
  expect(cache.answer('b')).toBe(true);
  cache.show(cache.pending.resolve(key, 'c', 'c'));
  for (const version of ['b', 'c', 'd']) cache.event(version);
  expect(cache.shown).toEqual(['b', 'c', 'd']);
});
