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
    const { user } = this.#options;
    const own = await this.#isRefused(() => this.#approve(plan, user, signal));
    const other = await this.#isRefused(() => this.#approve(plan, nobody, signal));
    const annotated = await this.#isRefused(() => this.#annotate(plan, signal));
    // Had our own name been refused, too, the refusal of another one would prove nothing.
    if (!own && other && annotated) return undefined;
    const policy = !own && other ? 'plumbline-plans' : 'plumbline-approvals';
    return `no Approval or annotation is trusted, because admission policy ${policy} does not hold in namespace ${plan.namespace}: run \`plumbline install\``;
  }

  #approve({ namespace, name }: GuardedPlan, user: string, signal: AbortSignal): Promise<unknown> {
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
