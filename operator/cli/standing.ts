/** How a stack or source stands, in a word and a colour. */
import type { GitSource, Stack } from '#api';
import { colour } from './output.ts';
import { readyOf } from './own-objects.ts';

export type Standing = 'Ready' | 'Failed' | 'Progressing' | 'Suspended';

/** Of the newest spec: what was said about an older one does not count. */
export function standingOf(object: Stack | GitSource): Standing {
  if (object.spec.suspend) return 'Suspended';
  const ready = readyOf(object);
  if (ready === undefined || ready.observedGeneration !== object.metadata.generation) return 'Progressing';
  if (ready.status === 'True') return 'Ready';
  const reconciling = object.status?.conditions?.find(({ type }) => type === 'Reconciling');
  return ready.status === 'Unknown' || reconciling?.status === 'True' ? 'Progressing' : 'Failed';
}

const colours = { Ready: 'green', Failed: 'red', Progressing: 'yellow', Suspended: 'dim' } as const;

export const coloured = (standing: Standing): string => colour(colours[standing], standing);

/** `main@sha1:0123456789…` as people read it: `main@0123456`. */
export const shortRevision = (revision: string | undefined): string =>
  revision?.replace(/@sha(?:1|256):([0-9a-f]{7})[0-9a-f]*$/, '@$1') ?? '-';
