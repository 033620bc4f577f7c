/** A Stack: one folder of a source, applied as one account, after the stacks that it depends on. */
import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import type { StackSpec } from '#api';
import type { GitSource } from './git-source.ts';
import { systemNamespace } from './names.ts';
import type { Written } from './written.ts';

export type StackProps = Omit<Written<StackSpec>, 'sourceRef' | 'dependsOn'> & {
  /** Default: the construct's id. */
  readonly name?: string;
  /** Default: plumbline-system. */
  readonly namespace?: string;
  /** A construct of this app, or the name of a GitSource in the namespace of the stack. */
  readonly source: GitSource | string;
  readonly after?: readonly Stack[];
};

export class Stack extends ApiObject {
  constructor(scope: Construct, id: string, props: StackProps) {
    const { name = id, namespace = systemNamespace, source, after = [], ...spec } = props;
    super(scope, id, {
      apiVersion: 'plumbline.dev/v1alpha1',
      kind: 'Stack',
      metadata: { name, namespace },
      spec: {
        sourceRef: typeof source === 'string' ? { name: source } : reference(source, namespace),
        ...(after.length === 0 ? {} : { dependsOn: after.map((stack) => reference(stack, namespace)) }),
        ...spec,
      },
    });
  }
}

/** The namespace is written only when it is another one, which the operator has to allow. */
function reference({ metadata }: ApiObject, from: string): { name: string; namespace?: string } {
  const { name = '', namespace = from } = metadata;
  return namespace === from ? { name } : { name, namespace };
}
