/** How the way names a stack, and the account that its objects are applied as. */
import type { Stack } from '#api';
import { stackKey, type Account, type StackRef } from '#apply';

export const stackKeyOf = (stack: Stack): string => stackKey(refOf(stack));

export const refOf = ({ metadata }: Stack): StackRef => ({
  namespace: metadata.namespace ?? '',
  name: metadata.name,
  uid: metadata.uid ?? '',
});

/** The ServiceAccount of the stack's own namespace that its objects are applied as. */
export const accountOf = (
  stack: Stack,
  { defaultServiceAccount }: { readonly defaultServiceAccount: string },
): Account => ({
  namespace: stack.metadata.namespace ?? '',
  name: stack.spec.serviceAccountName ?? defaultServiceAccount,
});
