/** What a URN says: `urn:pulumi:<stack>::<project>::<parent type>$<type>::<name>`. */

export interface UrnParts {
  readonly project: string;
  /** `kubernetes:apps/v1:Deployment`, without the types of its parents. */
  readonly type: string;
  /** That the program gives the resource; it may hold `::`. */
  readonly name: string;
}

/** Not of the stack as a whole, as diagnostics may be. */
export const isResource = (urn: string): boolean => urn !== '' && !urn.includes('::pulumi:pulumi:Stack::');

export function urnParts(urn: string): UrnParts {
  const [, project = '', types = '', ...name] = urn.split('::');
  return { project, type: types.slice(types.lastIndexOf('$') + 1), name: name.join('::') };
}
