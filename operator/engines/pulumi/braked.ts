/**
 * An update that the spec may hold back from deleting. It begins at once: where its program then does not name what the
 * state holds, it is ended before it deletes anything, a preview tells what would go, and only then does it go on.
 */
import { asFailure, Failure, failure } from '#runtime';
import type { Guard } from './guard.ts';
import { reportOf, RunFailed } from './run/run-failed.ts';
import type { RunReport, RunRequest, StateResource } from './values.ts';

interface Braking {
  readonly before: readonly StateResource[];
  /** What the state holds by now. */
  readonly now: () => Promise<readonly StateResource[]>;
  readonly up: (more: Pick<RunRequest, 'keeps' | 'retain'>) => Promise<RunReport>;
  /** A preview. */
  readonly look: () => Promise<RunReport>;
}

/** @throws Failure with all that was done in its cause */
export async function braked(guard: Guard, { before, now, up, look }: Braking): Promise<RunReport> {
  const first = await up({ keeps: guard.keeps(before) }).catch((error: unknown) => {
    const done = heldBack(error);
    if (done === undefined) throw error;
    return { done };
  });
  if (!('done' in first)) return first;
  const { done } = first;
  let retain: readonly string[];
  try {
    const resources = await now();
    const report = await look();
    retain = guard.retain({ report, before: resources, after: resources, failed: undefined });
  } catch (error) {
    throw withDone(error, done);
  }
  try {
    return joined(done, await up({ retain }));
  } catch (error) {
    throw withDone(error, joined(done, reportOf(error)));
  }
}

/** What was done until the program was ended. */
const heldBack = (error: unknown): RunReport | undefined =>
  error instanceof Failure && error.reason === 'PruneLimitExceeded' ? reportOf(error) : undefined;

function withDone(error: unknown, report: RunReport): unknown {
  const { reason, parts, message } = asFailure(error);
  return failure(reason, parts, { cause: new RunFailed(message, report) });
}

/** That the first part was ended is no error of the whole. */
function joined(first: RunReport, second: RunReport | undefined): RunReport {
  const steps = [...first.steps, ...(second?.steps ?? [])];
  const said = first.diagnostics.filter(({ severity }) => severity !== 'error');
  return { ...first, ...second, steps, diagnostics: [...said, ...(second?.diagnostics ?? [])] };
}
