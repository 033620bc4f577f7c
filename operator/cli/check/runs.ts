/** Whether the operator can run the Pulumi programs of the cluster's stacks, by what it says of itself on its Lease. */
import { annotations, type Stack } from '#api';
import { reservedMiB } from '#engines';
import type { Cluster } from '../cluster.ts';
import { idOf } from '../own-objects.ts';
import type { Check } from './cluster.ts';
import { operatorLease } from './installation.ts';

/** Nothing when no operator has held the Lease yet. What no stack asks for is told, and is no fault. */
export async function runsCheck(cluster: Cluster, stacks: readonly Stack[]): Promise<Check[]> {
  const lease = await operatorLease(cluster);
  const { [annotations.pulumi]: pulumi, [annotations.pulumiMemory]: memory } = lease?.metadata.annotations ?? {};
  if (pulumi === undefined || memory === undefined) return [];
  return runChecks({ pulumi, memoryMiB: Number(memory) }, stacks);
}

export interface Offered {
  /** Path of the program, or `missing`. */
  readonly pulumi: string;
  /** For all runs together. */
  readonly memoryMiB: number;
}

export function runChecks({ pulumi, memoryMiB }: Offered, stacks: readonly Stack[]): Check[] {
  const programs = stacks.filter(({ spec }) => spec.engine === 'pulumi');
  const isMissing = pulumi === 'missing';
  const found = isMissing ? missing(programs.length) : present(pulumi);
  const largest = programs.toSorted((a, b) => reservedMiB(b) - reservedMiB(a))[0];
  if (largest === undefined || isMissing) return [found];
  const needed = reservedMiB(largest);
  const what = `the operator has ${memoryMiB} MiB for runs of Pulumi programs`;
  if (needed <= memoryMiB) return [found, { ok: true, what }];
  const short = `${what}, and one of Stack ${idOf(largest)} takes ${needed}`;
  const remedy = 'run `plumbline install --memory` with 512Mi more than that, or lower spec.pulumi.memoryMiB';
  return [found, { ok: false, what: short, remedy }];
}

const present = (pulumi: string): Check => ({ ok: true, what: `the operator runs Pulumi programs with ${pulumi}` });

function missing(stacks: number): Check {
  if (stacks === 0) return { ok: true, what: 'the operator has no pulumi on its PATH, and no stack needs it' };
  const what = `the operator has no pulumi on its PATH, and ${stacks} stacks need it`;
  return { ok: false, what, remedy: 'run it from an image that has it (docs/install.md)' };
}
