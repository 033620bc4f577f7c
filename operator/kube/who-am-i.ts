/** Asks the API server who it takes this process for. */
import type { Account, Transport } from './transport.ts';

interface SelfSubjectReview {
  readonly status: { readonly userInfo: { readonly username: string } };
}

/** The name of this process's user. @throws ApiError */
export async function ownUser(transport: Transport): Promise<string> {
  const { body } = await transport.request<SelfSubjectReview>({
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
    repeatable: true,
  });
  return body.status.userInfo.username;
}

/** The ServiceAccount of that name; undefined for any other user. */
export function accountNamed(user: string): Account | undefined {
  const [system, kind, namespace, name] = user.split(':');
  if (system !== 'system' || kind !== 'serviceaccount' || namespace === undefined || name === undefined)
    return undefined;
  return { namespace, name };
}
