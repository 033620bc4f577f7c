/** Short, stable digests: of content, and of what we own in a live object. */
import { hash } from 'node:crypto';
import type { KubeObject, ManagedFields } from './object.ts';

export const fieldManager = 'plumbline';

/** SHA-256 over JSON with sorted keys, 22 characters of base64url (132 bits). */
export function digestOf(value: unknown): string {
  return hash('sha256', canonical(value), 'base64url').slice(0, 22);
}

/** The same in full, for what nobody may forge. */
export const fullDigestOf = (value: unknown, encoding: 'base64url' | 'hex' = 'base64url'): string =>
  hash('sha256', canonical(value), encoding);

function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const map = value as Record<string, unknown>;
  let text = '';
  for (const key of Object.keys(map).sort()) {
    if (map[key] === undefined) continue;
    text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${canonical(map[key])}`;
  }
  return `{${text}}`;
}

/**
 * Digest of our own entry in `managedFields`, '' when there is none. Whoever changes a field that we own takes it
 * out of this entry (KEP-555), and our own writes move its time: so drift shows in metadata alone.
 */
export function managedDigest(object: KubeObject): string {
  const entry = entryOf(object, fieldManager);
  if (entry === undefined) return '';
  const text = `${entry.apiVersion} ${entry.time} ${JSON.stringify(entry.fieldsV1)}`;
  return hash('sha256', text, 'base64url').slice(0, 16);
}

/** Whether the manager has applied the same fields to both, whatever their values are. */
export const isAppliedAlike = (a: KubeObject, b: KubeObject, manager = fieldManager): boolean =>
  canonical(entryOf(a, manager)?.fieldsV1) === canonical(entryOf(b, manager)?.fieldsV1);

const entryOf = ({ metadata }: KubeObject, by: string): ManagedFields | undefined =>
  metadata.managedFields?.find(
    ({ manager, operation, subresource }) => manager === by && operation === 'Apply' && !subresource,
  );
