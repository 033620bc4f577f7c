/** What an account may do, as the API server itself answers: access reviews, which write nothing. */
import { apiFailure } from '#kube';
import type { Cluster } from './cluster.ts';

export interface Access {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
}

/** Whether a user may; whoever asks, when none is named. @throws Failure as `apiFailure` says */
export async function isAllowed({ transport }: Cluster, access: Access, user?: string): Promise<boolean> {
  const [kind, plural] =
    user === undefined
      ? ['SelfSubjectAccessReview', 'selfsubjectaccessreviews']
      : ['SubjectAccessReview', 'subjectaccessreviews'];
  const spec = { resourceAttributes: access, ...(user === undefined ? {} : { user, groups: groupsOf(user) }) };
  try {
    const { body } = await transport.request<{ readonly status: { readonly allowed: boolean } }>({
      method: 'POST',
      path: `/apis/authorization.k8s.io/v1/${plural}`,
      body: { apiVersion: 'authorization.k8s.io/v1', kind, spec },
    });
    return body.status.allowed;
  } catch (error) {
    throw apiFailure(error, { verb: 'create', key: `${kind}.authorization.k8s.io` });
  }
}

/** The groups that the API server puts a ServiceAccount into. */
function groupsOf(user: string): string[] {
  const [, , namespace] = user.split(':');
  return ['system:authenticated', 'system:serviceaccounts', `system:serviceaccounts:${namespace}`];
}
