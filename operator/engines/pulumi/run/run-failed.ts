/** The cause of a failed run's failure: what had been done until then. */
import type { RunReport } from '../values.ts';

export class RunFailed extends Error {
  readonly report: RunReport;

  constructor(message: string, report: RunReport) {
    super(message);
    this.name = 'RunFailed';
    this.report = report;
  }
}

/** What a failed run had done; undefined when it failed before the engine was started. */
export const reportOf = (failure: unknown): RunReport | undefined => runOf(failure)?.report;

/** What the engine of a failed run said that it failed of; empty when it was not started. */
export function lastWordsOf(failure: unknown): string {
  const run = runOf(failure);
  return run === undefined ? '' : [...run.report.diagnostics.map(({ message }) => message), run.message].join('\n');
}

function runOf(failure: unknown): RunFailed | undefined {
  const { cause } = failure as { readonly cause?: unknown };
  return cause instanceof RunFailed ? cause : undefined;
}
