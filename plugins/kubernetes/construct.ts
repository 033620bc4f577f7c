/** Construct: a component (`kubernetes:yaml/v2:ConfigFile`...) in; its resources registered with the monitor, its URN and state out. */
import { failure } from '#runtime';
import { chart } from './helm/chart-component.ts';
import { makeComponent, type ReadContent } from './packages/component.ts';
import { kustomizeDirectory } from './packages/kustomize.ts';
import { configFile, configGroup } from './packages/yaml-components.ts';
import type { Constructed, ConstructRequest } from './requests.ts';
import type { Session } from './session.ts';

const components: Readonly<Record<string, ReadContent>> = {
  'kubernetes:yaml/v2:ConfigFile': configFile,
  'kubernetes:yaml/v2:ConfigGroup': configGroup,
  'kubernetes:helm.sh/v4:Chart': chart,
  'kubernetes:kustomize/v2:Directory': kustomizeDirectory,
};

export async function construct(session: Session, request: ConstructRequest): Promise<Constructed> {
  const content = components[request.type];
  if (content === undefined) throw failure('ObjectInvalid', { what: `no component ${request.type} in this provider` });
  return makeComponent(session, request, content);
}
