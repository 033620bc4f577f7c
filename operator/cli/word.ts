/** What `approve` and `reject` share: an Approval under one's own name, for exactly the digest that is shown. */
import type { Command } from 'commander';
import { approvalKind, planKind, type Approval, type PlanObject } from '#api';
import { ApiError, apiFailure, createObject, digestOf, ownUser } from '#kube';
import { summaryOf } from '#plan';
import { failure } from '#runtime';
import { addClusterOptions, withCluster, type Cluster, type ClusterOptions } from './cluster.ts';
import { resourceOf } from './installation.ts';
import { addNamespaceOption, idOf, type NamespaceOptions } from './own-objects.ts';
import { findPlan } from './plans.ts';

interface WordOptions extends ClusterOptions, NamespaceOptions {
  readonly digest?: string;
  readonly message?: string;
}

export function defineWord(command: Command, verdict: 'approve' | 'reject'): void {
  addNamespaceOption(addClusterOptions(command))
    .argument('<plan>', 'name or namespace/name of a plan, or of a stack')
    .option('--digest <digest>', 'refuse when the plan has another digest, or one that does not begin so')
    .option('-m, --message <text>', 'why')
    .action((name: string, options: WordOptions) =>
      withCluster(options, async (cluster) => {
        const plan = await findPlan(cluster, name, options);
        assertOpen(plan, options.digest);
        const user = await say(cluster, plan, verdict, options.message);
        const { digest } = plan.spec;
        process.stdout.write(`${idOf(plan)} (${summaryOf(plan.spec)}): ${verdict} by ${user}, ${digest}\n`);
      }),
    );
}

/** @throws Failure CommandInvalid */
function assertOpen({ metadata, spec, status }: PlanObject, digest: string | undefined): void {
  const bare = (text: string): string => text.replace(/^sha256:/, '');
  if (digest !== undefined && !bare(spec.digest).startsWith(bare(digest))) {
    throw failure('CommandInvalid', {
      what: `plan ${metadata.name} is another one`,
      expected: digest,
      found: spec.digest,
      remedy: 'look at it with `plumbline plan show`',
    });
  }
  if (status?.phase !== 'Stale' && status?.phase !== 'Applied') return;
  const why = status.message === undefined ? '' : `: ${status.message}`;
  throw failure('CommandInvalid', {
    what: `plan ${metadata.name} is ${status.phase}${why}`,
    remedy: 'see `plumbline plans`',
  });
}

/** The user under whose name it was said. @throws Failure as `apiFailure` says */
async function say(
  cluster: Cluster,
  { metadata: { name, namespace = '', uid = '' }, spec: { digest } }: PlanObject,
  verdict: 'approve' | 'reject',
  message: string | undefined,
): Promise<string> {
  const { transport } = cluster;
  const user = await ownUser(transport);
  const { apiVersion, kind } = approvalKind;
  const owner = { apiVersion, kind: planKind.kind, name, uid };
  const suffix = digestOf([user, verdict, digest])
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '0')
    .slice(0, 10);
  const object: Approval = {
    apiVersion,
    kind,
    metadata: { name: `${name}-${suffix}`, namespace, ownerReferences: [owner] },
    spec: { plan: name, digest, user, verdict, ...(message === undefined ? {} : { message }) },
  };
  const resource = await resourceOf(cluster, object);
  if (resource === undefined)
    throw failure('UnknownKind', { what: `the cluster does not know ${kind}`, remedy: 'run `plumbline install`' });
  await createObject({ transport, resource, object, repeatable: true }).catch((error: unknown) => {
    // Said before, in the same words.
    if (error instanceof ApiError && error.api?.reason === 'AlreadyExists') return;
    throw apiFailure(error, { verb: 'create', key: `${kind}/${namespace}/${object.metadata.name}` });
  });
  return user;
}
