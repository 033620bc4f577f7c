/** Every kind of Plumbline. */
import { changeKind } from './change.ts';
import { gitSourceKind } from './git-source.ts';
import { inventoryKind } from './inventory.ts';
import type { KindDefinition } from './kind.ts';
import { approvalKind, planKind } from './plan.ts';
import { stackKind } from './stack.ts';

export const kinds: readonly KindDefinition[] = [
  gitSourceKind,
  stackKind,
  changeKind,
  planKind,
  approvalKind,
  inventoryKind,
];
