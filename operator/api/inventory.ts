/** `Inventory`: a shard of the list of what a stack owns. Written by the operator only. */
import { defineKind, type CustomObject } from './kind.ts';
import { boolean, integer, list, object, oneOf, optional, text, type ReadOf } from './schema.ts';

const spec = object('One shard.', {
  stack: text('Name of the stack.', { max: 63 }),
  shard: integer('Number of the shard.', { min: 0, max: 4096 }),
  run: optional(
    text(
      'Content that a run of the Pulumi engine is about, from before it begins to when it is told of; shard 0 only.',
      {
        max: 128,
      },
    ),
  ),
  entries: list(
    'Objects of the shard.',
    object('One object.', {
      key: text('Kind.group/namespace/name.', { max: 1024 }),
      desired: optional(text('Digest of what was sent; absent while the apply is in hand.', { max: 64 })),
      seen: optional(text('Digest of our managed fields as the API server answered.', { max: 64 })),
      commit: optional(text('Commit that last changed the object.', { max: 64 })),
      unrecorded: optional(
        oneOf('What was done to the object and is in no Change yet.', [
          'created',
          'configured',
          'recreated',
          'adopted',
          'pruned',
        ]),
      ),
      expires: optional(
        boolean('The object goes by itself when its work is done, a Job with ttlSecondsAfterFinished.'),
      ),
    }),
    { max: 4000 },
  ),
});

export type Inventory = CustomObject<ReadOf<typeof spec>, object>;

export const inventoryKind = defineKind({
  kind: 'Inventory',
  plural: 'inventories',
  shortNames: [],
  about: 'Objects that a stack owns, one shard.',
  spec,
  columns: [
    { name: 'Stack', path: '.spec.stack' },
    { name: 'Shard', path: '.spec.shard', type: 'integer' },
    { name: 'Age', path: '.metadata.creationTimestamp', type: 'date' },
  ],
});
