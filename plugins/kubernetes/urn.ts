/** What a URN and a type token say: `urn:pulumi:stack::project::parent$kubernetes:apps/v1:Deployment::name`. */

export interface TypeParts {
  readonly apiVersion: string;
  readonly kind: string;
  /** A Patch resource: it owns some fields of an object that somebody else made. */
  readonly patch: boolean;
}

export const nameOf = (urn: string): string => urn.split('::').slice(3).join('::');

/** The type token without those of its parents. */
export function typeOf(urn: string): string {
  const types = urn.split('::')[2] ?? '';
  return types.slice(types.lastIndexOf('$') + 1);
}

/** `kubernetes:core/v1:ConfigMap`; undefined for types that are no objects, such as `kubernetes:helm.sh/v3:Release`. */
export function typeParts(type: string): TypeParts | undefined {
  const [, module = '', token = ''] = type.split(':');
  if (!module.includes('/') || module.startsWith('helm.sh/')) return undefined;
  const patch = token.endsWith('Patch') && token !== 'Patch';
  return {
    apiVersion: module.startsWith('core/') ? module.slice('core/'.length) : module,
    kind: patch ? token.slice(0, -'Patch'.length) : token,
    patch,
  };
}
