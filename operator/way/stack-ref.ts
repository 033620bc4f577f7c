/** How the way names a stack, and the account that its objects are applied as. */
import type { Stack } from '#api';
import { stackKey, type Account, type StackRef } from '#apply';
import { failure } from '#runtime';
import type { House } from './house.ts';

export const stackKeyOf = (stack: Stack): string => stackKey(refOf(stack));

export const refOf = ({ metadata }: Stack): StackRef => ({
  namespace: metadata.namespace ?? '',
  name: metadata.name,
  uid: metadata.uid ?? '',
});

/**
 * The ServiceAccount of the stack's own namespace that its objects are applied as.
 * @throws Failure Forbidden for the operator's own, which may write every stack of the cluster
 */
export const accountOf = (
  stack: Stack,
  { defaultServiceAccount, ownAccount }: Pick<House, 'defaultServiceAccount' | 'ownAccount'>,
): Account => {
  const namespace = stack.metadata.namespace ?? '';
  const name = stack.spec.serviceAccountName ?? defaultServiceAccount;
  if (name === ownAccount?.name && namespace === ownAccount.namespace) {
    throw failure('Forbidden', {
      where: 'spec.serviceAccountName',
      what: `no stack may apply as the operator's own ServiceAccount ${namespace}/${name}`,
      remedy: 'name an account that may do what this stack needs',
    });
  }
  return { namespace, name };
};
