/** As which field manager the fields of a resource are owned, and which managers of the past count as the same. */
import { createHash } from 'node:crypto';
import type { ManagedFields } from '#kube';
import { annotationOf, isAnnotated } from './annotations.ts';
import { keptIn } from './checkpoint.ts';
import type { ValueMap } from './property.ts';
import type { Settings } from './settings.ts';
import { typeParts } from './urn.ts';

interface Subject {
  readonly urn: string;
  readonly type: string;
  readonly inputs: ValueMap;
  /** Outputs of the state; undefined for a new resource. */
  readonly outputs?: ValueMap;
}

/** The annotation decides; a Patch has a manager of its own, since two patches of one object must not take each other's fields away. */
export function managerOf({ fieldManager }: Settings, { urn, type, inputs, outputs = {} }: Subject): string {
  const wanted = annotationOf(inputs, 'patchFieldManager');
  if (wanted !== undefined && wanted !== '') return wanted;
  if (typeParts(type)?.patch !== true) return fieldManager;
  return keptIn(outputs).manager ?? `${fieldManager}-${createHash('sha256').update(urn).digest('hex').slice(0, 8)}`;
}

/** Whether fields are taken from other managers. Without server-side apply whoever writes last always wins. */
export const isForced = ({ patchForce, serverSideApply }: Settings, inputs: ValueMap): boolean =>
  patchForce || !serverSideApply || isAnnotated(inputs, 'patchForce');

/** Writers that stood for this provider, or for the people who used kubectl before it. */
const formerWriters = new Set([
  'pulumi-kubernetes',
  'pulumi-kubernetes.exe',
  'pulumi-resource-kubernetes',
  'kubectl-client-side-apply',
  'before-first-apply',
]);

/** Says of an entry in managedFields whether it becomes ours: that of the manager before, of client-side writes of Pulumi and kubectl. */
export const isFormerEntry =
  (former: string | undefined) =>
  ({ manager = '', operation, subresource }: ManagedFields): boolean =>
    !subresource && (manager === former || (operation === 'Update' && formerWriters.has(manager)));
