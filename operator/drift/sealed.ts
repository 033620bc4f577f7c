/** Secrets in what a Pulumi state holds: sealed there, so that only their place is known here. */
import type { KubeObject } from '#kube';

/** What the engine marks its own values with, and its mark of a secret. */
const signature = '4dabf18193072939515e22adb298388d';
const secretMark = '1b47061264138c4ac30d75fd1eb44270';

export const isSealed = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && (value as Record<string, unknown>)[signature] === secretMark;

/** JSON pointers of the values that are sealed. */
export function sealedPointers(object: KubeObject): string[] {
  const found: string[] = [];
  const look = (value: unknown, pointer: string): void => {
    if (typeof value !== 'object' || value === null) return;
    if (isSealed(value)) return void found.push(pointer);
    for (const [key, child] of Object.entries(value))
      look(child, `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`);
  };
  look(object, '');
  return found;
}
