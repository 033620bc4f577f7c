/** Asks the API server who it takes this process for. */
import type { Account, Transport } from './transport.ts';

interface SelfSubjectReview {
  readonly status: { readonly userInfo: { readonly username: string } };
}

/** The ServiceAccount of this process; undefined for any other user. @throws ApiError */
export async function ownAccount(transport: Transport): Promise<Account | undefined> {
  const { body } = await transport.request<SelfSubjectReview>({
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
    repeatable: true,
  });
  const [system, kind, namespace, name] = body.status.userInfo.username.split(':');
  if (system !== 'system' || kind !== 'serviceaccount' || namespace === undefined || name === undefined)
    return undefined;
  return { namespace, name };
}
