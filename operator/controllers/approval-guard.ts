/** Proves that nobody can approve under another's name: the API server must refuse, in a dry run, what the policies forbid. */
import { annotations, approvalKind, type Approval } from '#api';
import { ApiError, createObject, patchMerge, type Resource, type Transport } from '#kube';

export interface ApprovalGuardOptions {
  readonly transport: Transport;
  readonly resources: { readonly plan: Resource; readonly approval: Resource };
  /** Name of the operator's own user. */
  readonly user: string;
}

export interface GuardedPlan {
  readonly namespace: string;
  readonly name: string;
}

const doubtOf = (policy: string, { namespace }: GuardedPlan): string =>
  `no Approval or annotation is trusted, because admission policy ${policy} does not hold in namespace ${namespace}: run \`plumbline install\``;

/** Nobody's name. */
const nobody = 'plumbline.dev/nobody';

export class ApprovalGuard {
  readonly #options: ApprovalGuardOptions;

  constructor(options: ApprovalGuardOptions) {
    this.#options = options;
  }

  /**
   * Undefined when the policies hold for this plan; else what does not. Asked anew before votes are believed, because a
   * policy can be deleted at any time. @throws ApiError
   */
  async doubt(plan: GuardedPlan, signal: AbortSignal): Promise<string | undefined> {
    if (!(await this.#holdsForApprovals(plan, signal))) return doubtOf('plumbline-approvals', plan);
    return (await this.#isRefused(() => this.#annotate(plan, signal))) ? undefined : doubtOf('plumbline-plans', plan);
  }

  /** Without a plan, at the start; nothing is known of a namespace that does not exist. @throws ApiError */
  async doubtIn(namespace: string, signal?: AbortSignal): Promise<string | undefined> {
    const plan = { namespace, name: 'none' };
    try {
      return (await this.#holdsForApprovals(plan, signal)) ? undefined : doubtOf('plumbline-approvals', plan);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    }
  }

  /** Had our own name been refused, too, the refusal of another one would prove nothing. */
  async #holdsForApprovals(plan: GuardedPlan, signal?: AbortSignal): Promise<boolean> {
    if (await this.#isRefused(() => this.#approve(plan, this.#options.user, signal))) return false;
    return this.#isRefused(() => this.#approve(plan, nobody, signal));
  }

  #approve({ namespace, name }: GuardedPlan, user: string, signal?: AbortSignal): Promise<unknown> {
    const { transport, resources } = this.#options;
    const object: Approval = {
      apiVersion: approvalKind.apiVersion,
      kind: approvalKind.kind,
      metadata: { name: `${name}-trial`, namespace },
      spec: { plan: name, digest: 'trial', user, verdict: 'approve' },
    };
    return createObject({ transport, resource: resources.approval, object, dryRun: true, signal });
  }

  #annotate({ namespace, name }: GuardedPlan, signal: AbortSignal): Promise<unknown> {
    const { transport, resources } = this.#options;
    const patch = { metadata: { annotations: { [annotations.approvedBy]: nobody } } };
    return patchMerge({ transport, resource: resources.plan, namespace, name, patch, dryRun: true, signal });
  }

  /** A policy answers 422; who lacks the right to ask gets 403, which proves nothing. */
  async #isRefused(send: () => Promise<unknown>): Promise<boolean> {
    try {
      await send();
      return false;
    } catch (error) {
      if (error instanceof ApiError && error.status === 422) return true;
      throw error;
    }
  }
}
