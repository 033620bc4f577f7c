/** The Secret `<stack>-outputs`: what a program gave out and the status must not hold. Written as the account of the stack. */
import { stackKind, type Stack } from '#api';
import { apiFailure, applyObject, deleteObject, keyOf, type Account, type Discovery, type Transport } from '#kube';
import { failure } from '#runtime';
import { outputsSecret } from './inputs.ts';
import type { Outputs } from './outputs.ts';

export interface SecretAccess {
  readonly transport: Transport;
  readonly discovery: Discovery;
  readonly as: Account;
  readonly signal: AbortSignal;
}

/** Writes it, or removes it when there is nothing to keep in it any more. */
export async function keepOutputs(stack: Stack, { kept }: Outputs, access: SecretAccess): Promise<void> {
  const { transport, discovery, as, signal } = access;
  const { namespace } = stack.metadata;
  const name = outputsSecret(stack.metadata.name);
  const isEmpty = Object.keys(kept).length === 0;
  if (isEmpty && (stack.status?.secretOutputs ?? []).length === 0) return;
  const resource = await discovery.resource({ group: '', kind: 'Secret' });
  if (resource === undefined) throw failure('UnknownKind', { what: 'the API server does not serve Secrets' });
  try {
    if (isEmpty) await deleteObject({ transport, resource, namespace, name, as, signal });
    else await applyObject({ transport, resource, object: secretOf(stack, name, kept), force: true, as, signal });
  } catch (error) {
    throw apiFailure(error, { verb: 'patch', key: keyOf({ group: '', kind: 'Secret' }, namespace, name), as });
  }
}

function secretOf({ metadata: { name: owner, namespace, uid = '' } }: Stack, name: string, kept: Outputs['kept']) {
  const data = Object.entries(kept).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ownerReferences: [{ apiVersion: stackKind.apiVersion, kind: stackKind.kind, name: owner, uid }],
    },
    type: 'Opaque',
    data: Object.fromEntries(data) as Record<string, string>,
  };
}
