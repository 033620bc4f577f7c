/** Construct: a component (`kubernetes:yaml/v2:ConfigFile`...) in; its resources registered with the monitor, its URN and state out. */
import { failure } from '#runtime';
import type { Constructed, ConstructRequest } from './requests.ts';
import type { Session } from './session.ts';

// eslint-disable-next-line @typescript-eslint/require-await
export async function construct(_session: Session, { type }: ConstructRequest): Promise<Constructed> {
  throw failure('ObjectInvalid', { what: `no component ${type} in this provider` });
}
