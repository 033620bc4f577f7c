/** A GitSource: the repository, and the ref of it, that stacks are read from. */
import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import type { GitSourceSpec } from '#api';
import { systemNamespace } from './names.ts';
import type { Written } from './written.ts';

export type GitSourceProps = Written<GitSourceSpec, 'url'> & {
  /** Default: the construct's id. */
  readonly name?: string;
  /** Default: plumbline-system. */
  readonly namespace?: string;
};

export class GitSource extends ApiObject {
  constructor(scope: Construct, id: string, { name = id, namespace = systemNamespace, ...spec }: GitSourceProps) {
    super(scope, id, { apiVersion: 'plumbline.dev/v1alpha1', kind: 'GitSource', metadata: { name, namespace }, spec });
  }
}
