/** Construct: a component (`kubernetes:yaml/v2:ConfigFile`...) in; its resources registered with the monitor, its URN and state out. */
import { failure } from '#runtime';
import { makeComponent, type ReadContent } from './packages/component.ts';
import { configFile, configGroup } from './packages/yaml-components.ts';
import type { Constructed, ConstructRequest } from './requests.ts';
import type { Session } from './session.ts';

const components: Readonly<Record<string, ReadContent>> = {
  'kubernetes:yaml/v2:ConfigFile': configFile,
  'kubernetes:yaml/v2:ConfigGroup': configGroup,
};

export async function construct(session: Session, request: ConstructRequest): Promise<Constructed> {
  const content = components[request.type];
  if (content === undefined) throw failure('ObjectInvalid', { what: `no component ${request.type} in this provider` });
  return makeComponent(session, request, content);
}
