/** Invoke: a function of the package (`kubernetes:yaml:decode`, `kubernetes:helm:template`...) with its arguments in, its result out. */
import { failure } from '#runtime';
import { helmTemplate } from './helm/chart-function.ts';
import { decodeYaml } from './packages/functions.ts';
import { kustomizeFunction } from './packages/kustomize.ts';
import { hasUnknown, revealMap, unknown, type Value, type ValueMap } from './property.ts';
import type { InvokeRequest, InvokeResult } from './requests.ts';
import type { Session } from './session.ts';

/** Arguments without secrets' wrappings in; objects out. */
type Function = (session: Session, args: ValueMap) => Promise<readonly Value[]>;

const functions: Readonly<Record<string, Function>> = {
  'kubernetes:yaml:decode': decodeYaml,
  'kubernetes:helm:template': helmTemplate,
  'kubernetes:kustomize:directory': kustomizeFunction,
};

export async function invoke(session: Session, { token, args }: InvokeRequest): Promise<InvokeResult> {
  const call = functions[token];
  if (call === undefined) throw failure('ObjectInvalid', { what: `no function ${token} in this provider` });
  const result = hasUnknown(args) ? unknown : await call(session, revealMap(args));
  return { value: { result }, failures: [] };
}
