/** Cuts a state into pieces that a Secret can hold, so that a small change of a large state changes few pieces. Pure. */
import { hash } from 'node:crypto';

/** How a state is cut, in bytes before compression, which makes them ten to twenty times fewer. */
export interface CutLimits {
  readonly least: number;
  readonly most: number;
  /** One resource in so many begins a new piece; a power of two. */
  readonly oneIn: number;
}

/** A Secret holds 1 MiB, and text that does not compress has to fit. */
export const cutLimits: CutLimits = { least: 256 * 1024, most: 960 * 1024, oneIn: 64 };

const resourceStart = Buffer.from('{"urn":"');
/** The end of a URN, its name, is what tells resources of one type apart. */
const longestUrn = 512;

/**
 * A cut comes before a resource whose URN says so, never at a fixed place: what is added or taken out in the middle
 * moves no other cut.
 */
export function cut(bytes: Buffer, { least, most, oneIn }: CutLimits = cutLimits): Buffer[] {
  const pieces: Buffer[] = [];
  let start = 0;
  let search = least;
  while (bytes.length - start > most || search < bytes.length) {
    const found = bytes.indexOf(resourceStart, search);
    const end = found < 0 ? bytes.length : found;
    if (end - start > most) {
      pieces.push(bytes.subarray(start, start + most));
      start += most;
      search = start + least;
      continue;
    }
    if (found < 0) break;
    search = found + resourceStart.length;
    if (!isCut(bytes, search, oneIn)) continue;
    pieces.push(bytes.subarray(start, found));
    start = found;
    search = start + least;
  }
  if (start < bytes.length || pieces.length === 0) pieces.push(bytes.subarray(start));
  return pieces;
}

function isCut(bytes: Buffer, from: number, oneIn: number): boolean {
  const quote = bytes.indexOf(0x22, from);
  const urn = bytes.subarray(from, Math.min(quote < 0 ? bytes.length : quote, from + longestUrn));
  return hash('sha256', urn, 'buffer').readUInt32BE(0) % oneIn === 0;
}

export const digestOfBytes = (bytes: Buffer): string => hash('sha256', bytes, 'hex');
