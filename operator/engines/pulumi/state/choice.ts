/** Which copy of a state goes on: that on disk, or that of the cluster. Pure. */
import type { Manifest } from './manifest.ts';

/** What the disk says of itself: the manifest that its files come from, or that was about to be written of them. */
export interface Mark {
  readonly lineage: string;
  readonly serial: number;
  /** Of the manifest with that serial, to tell two writers of one serial apart. */
  readonly writer: string;
  readonly time: string;
  /** uid of the Stack. */
  readonly uid: string | undefined;
  /** Path -> digest of the files as that manifest has them. */
  readonly files: Readonly<Record<string, string>>;
}

export type Choice =
  /** Neither has any. */
  | { readonly from: 'nowhere' }
  | { readonly from: 'cluster'; readonly setAside: boolean }
  /** Written to the cluster before anything else, when it is not the same there. */
  | { readonly from: 'disk'; readonly write: boolean };

export interface Disk {
  readonly mark: Mark;
  /** The files are no longer what the mark says. */
  readonly changed: boolean;
  /** One of them was cut off while it was written: the engine puts half a file into its place when the disk is full. */
  readonly damaged: boolean;
}

export function choose(disk: Disk | undefined, cluster: Manifest | undefined, uid: string | undefined): Choice {
  if (disk === undefined) return cluster === undefined ? { from: 'nowhere' } : { from: 'cluster', setAside: false };
  const { mark, changed, damaged } = disk;
  // Without a whole one anywhere it is said that the state cannot be read, unless there never was one.
  if (damaged && (cluster !== undefined || mark.serial === 0)) return { from: 'cluster', setAside: true };
  if (cluster === undefined) {
    // The Secrets are gone. Under the same Stack somebody deleted them; under another one it is another life.
    return mark.uid === uid ? { from: 'disk', write: true } : { from: 'cluster', setAside: true };
  }
  if (mark.lineage !== cluster.lineage || mark.serial < cluster.serial) return { from: 'cluster', setAside: changed };
  if (mark.serial > cluster.serial) return { from: 'disk', write: true };
  const same = mark.writer === cluster.writer && mark.time === cluster.time;
  return same ? { from: 'disk', write: changed } : { from: 'cluster', setAside: changed };
}
