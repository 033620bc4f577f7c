/** The board tells of news, and only of news. */
import { expect, test } from '@jest/globals';
import type { Revision } from '#values';
import { Revisions } from './revisions.ts';

const revision = (name: string): Revision => ({
  name,
  commit: name,
  author: '',
  committer: '',
  subject: '',
  time: '',
  folder: '',
  treeOf: () => undefined,
});

test('listeners hear of a new revision once, and no more after they left', () => {
  const board = new Revisions();
  const heard: string[] = [];
  const subscription = board.subscribe((source, { name }) => heard.push(`${source} ${name}`));
  const first = revision('one');
  board.set('a/b', first);
  board.set('a/b', first);
  board.set('a/b', revision('two'));
  subscription[Symbol.dispose]();
  board.set('a/b', revision('three'));
  expect(heard).toEqual(['a/b one', 'a/b two']);
  expect(board.current('a/b')?.name).toBe('three');
  board.delete('a/b');
  expect(board.current('a/b')).toBeUndefined();
});
