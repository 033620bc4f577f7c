/** One preview of a program for whoever asks beside the operator: the changes, of the identities, that the operator would find. */
import type { Stack } from '#api';
import { stackKey } from '#apply';
import type { Account, Discovery } from '#kube';
import type { Inventory, ProposedChange, Revision } from '#values';
import { assertMayDelete } from './guard.ts';
import type { Inputs } from './inputs.ts';
import { operate, stackName, type OperationOptions } from './operation.ts';
import { changesOf, liveStates, type LiveObjects } from './proposed.ts';
import { contentOf } from './reads.ts';

export interface PreviewRequest {
  readonly stack: Stack;
  readonly revision: Revision;
  readonly inputs: Inputs;
  /** As which the program reaches the API server. */
  readonly account: Account;
  /** What the stack owns, and how that looks now. */
  readonly owned: Inventory;
  readonly live: LiveObjects;
  readonly discovery: Discovery;
  /** Where the engine may write its plan. */
  readonly planFile: string;
}

/** @throws Failure why there is no preview, and what the update must not delete */
export async function previewOnce(
  options: OperationOptions,
  { stack, revision, inputs, account, owned, live, discovery, planFile }: PreviewRequest,
  telling: Parameters<typeof operate>[2],
): Promise<ProposedChange[]> {
  if (inputs.missing !== undefined) throw inputs.missing;
  const key = stackKey({ ...stackName(stack), uid: '' });
  const states = liveStates(key, { of: () => owned }, live);
  const ended = await operate(options, { operation: 'preview', stack, revision, inputs, account, planFile }, telling);
  const { plan } = ended.report;
  if (ended.failed !== undefined) throw ended.failed;
  if (plan === undefined) return [];
  const content = contentOf(stack, revision, inputs.digest);
  const retain = assertMayDelete(stack, ended);
  return changesOf({ content, ended, plan, live: states, retain }, discovery, account.namespace);
}
