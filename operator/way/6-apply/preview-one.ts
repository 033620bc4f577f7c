/** What sending one object would do, asked of the API server by dry run: nothing is written. */
import type { KubeObject } from '#kube';
import { createTrial, isFromKubectl, leaving, mayRecreate, read, send, toFailure, type ApplyOne } from './apply-one.ts';

export interface Preview {
  readonly action: 'created' | 'configured' | 'recreated' | 'adopted';
  /** Undefined when the object does not exist. */
  readonly live: KubeObject | undefined;
  /** As the API server would store it. */
  readonly after: KubeObject;
}

/** @throws Failure as applyOne does */
export async function previewOne(given: ApplyOne): Promise<Preview> {
  const live = await read(given).catch((error: unknown) => {
    throw toFailure(error, given, 'get');
  });
  const request = leaving(given, live);
  try {
    const { object: after } = await send(request, { dryRun: true });
    if (live === undefined) return { action: 'created', live, after };
    return { action: request.known ? 'configured' : 'adopted', live, after };
  } catch (error) {
    const failed = toFailure(error, request);
    if (live === undefined) throw failed;
    if (failed.reason === 'ImmutableField' && mayRecreate(request)) return recreated(request, live);
    // The apply takes the fields of `kubectl apply` over first; a dry run can not do two steps.
    if (failed.reason !== 'FieldConflict' || request.known || !isFromKubectl(live)) throw failed;
    return { action: 'adopted', live, after: (await send({ ...request, force: true }, { dryRun: true })).object };
  }
}

async function recreated(request: ApplyOne, live: KubeObject): Promise<Preview> {
  const trial = await createTrial(request).catch((error: unknown) => {
    throw toFailure(error, request, 'create');
  });
  const { name } = live.metadata;
  return { action: 'recreated', live, after: { ...trial, metadata: { ...trial.metadata, name } } };
}
