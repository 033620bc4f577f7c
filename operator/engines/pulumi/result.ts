/** A run, and what it hands back: what has become of the resources, and the outputs of the program where they are told. */
import type { ApplyContext, ApplyReport } from '#apply';
import { keepOutputs } from './outputs-secret.ts';
import { sortOutputs, type Outputs } from './outputs.ts';
import { operate, type Ended, type OperationOptions, type OperationRequest } from './operation.ts';
import type { Telling } from './runs.ts';

export interface Result extends Ended {
  /** Of an update that came to its end. */
  readonly outputs?: Outputs;
}

interface RunContext extends Pick<ApplyContext, 'transport' | 'discovery'>, Telling {}

/** As {@link operate}; secret outputs of an update are in their Secret afterwards. */
export async function runOf(
  options: OperationOptions,
  request: OperationRequest,
  context: RunContext,
): Promise<Result> {
  const { stack, account: as, operation } = request;
  const { transport, discovery, signal } = context;
  const ended = await operate(options, request, context);
  if (ended.failed !== undefined || operation !== 'up' || ended.isIdle === true) return ended;
  const outputs = sortOutputs(ended.report.outputs);
  await keepOutputs(stack, outputs, { transport, discovery, as, signal });
  return { ...ended, outputs };
}

/** Of the outputs what the status tells; empty when the run told none. */
export function outputStatus({ outputs }: Result): NonNullable<ApplyReport['status']> {
  if (outputs === undefined) return {};
  const names = Object.keys(outputs.kept);
  return { outputs: outputs.shown, secretOutputs: names.length === 0 ? null : names };
}
