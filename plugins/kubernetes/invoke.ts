/** Invoke: a function of the package (`kubernetes:yaml:decode`, `kubernetes:helm:template`...) with its arguments in, its result out. */
import { failure } from '#runtime';
import type { InvokeRequest, InvokeResult } from './requests.ts';
import type { Session } from './session.ts';

// eslint-disable-next-line @typescript-eslint/require-await
export async function invoke(_session: Session, { token }: InvokeRequest): Promise<InvokeResult> {
  throw failure('ObjectInvalid', { what: `no function ${token} in this provider` });
}
