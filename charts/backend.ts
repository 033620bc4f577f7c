/** The sample back end: podinfo, called by the front end only. */
import { Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { WebService } from '#constructs';
import { podinfo } from './podinfo.ts';

export class Backend extends Chart {
  constructor(scope: Construct, { namespace, callers }: { namespace: string; callers: readonly string[] }) {
    super(scope, 'backend', { namespace });
    new WebService(this, 'backend', { ...podinfo({ ui: false }), namespace, replicas: 2, callers });
  }
}
