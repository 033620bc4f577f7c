/** The one sentence about a cluster that does not answer. */
import { failure, type Failure } from '#runtime';

export function unreachable(error: unknown): Failure {
  const said = messageOf(error);
  const remedy =
    'correct the kubeconfig; if the cluster is gone for good, PULUMI_K8S_DELETE_UNREACHABLE=true takes its resources out of the state';
  return failure('ApiUnavailable', { what: `the cluster can not be reached: ${said}`, remedy }, { cause: error });
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
