/** Which of two versions of an object is newer. */

const wellFormed = /^[1-9]\d*$/;

/**
 * True when version `a` of an object, or of a list of its kind, is newer than version `b` of the same kind. Numbers are
 * compared as such (KEP-5504, promised since Kubernetes 1.35 and so in every release before). An aggregated API server
 * that counts in another way gives no order: what comes later is then taken for newer, unless it is the same.
 */
export function isNewer(a: string, b: string): boolean {
  if (!wellFormed.test(a) || !wellFormed.test(b)) return a !== b;
  return a.length === b.length ? a > b : a.length > b.length;
}
