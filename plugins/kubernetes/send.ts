/** Server-side apply of one object, the API server's warnings shown at the resource, its refusals in one sentence. */
import { apiFailure, applyObject, objectKey, type ApplyAnswer, type KubeObject, type Resource } from '#kube';
import { failure, type Failure } from '#runtime';
import { stamped } from './object.ts';
import type { Session } from './session.ts';
import { typeParts } from './urn.ts';

export interface SendRequest {
  readonly urn: string;
  readonly type: string;
  readonly object: KubeObject;
  readonly resource: Resource;
  readonly manager: string;
  readonly force: boolean;
  readonly dryRun: boolean;
  /** Leaves an object alone that is there already. */
  readonly createOnly: boolean;
}

/**
 * A write that is on its way is not called off: the API server might have done it, and nobody would know.
 * @throws ApiError
 */
export async function send(session: Session, request: SendRequest): Promise<ApplyAnswer> {
  const { urn, type, object, resource, manager, force, dryRun, createOnly } = request;
  // A Patch touches an object of somebody else, which must not come to belong to the stack by it.
  const owner = typeParts(type)?.patch === true ? undefined : session.settings.owner;
  session.signal.throwIfAborted();
  const answer = await applyObject({
    transport: await session.cluster.transport(),
    resource,
    object: stamped(object, owner, urn),
    force,
    dryRun,
    createOnly,
    manager,
    validation: 'Warn',
    ...(dryRun ? { signal: session.signal } : {}),
  });
  await pass(session, urn, answer.warnings);
  return answer;
}

async function pass({ settings, engine }: Session, urn: string, warnings: readonly string[]): Promise<void> {
  for (const text of warnings) {
    if (settings.suppressDeprecationWarnings && / is deprecated/.test(text)) continue;
    await engine.tell({ urn, severity: 'warning', text });
  }
}

/** What the API server refused, in a sentence that names the object. */
export function refused(error: unknown, object: KubeObject, verb = 'patch'): Failure {
  const key = objectKey(object);
  const failed = apiFailure(error, { verb, key });
  const { parts, reason } = failed;
  if (reason === 'FieldConflict') {
    const remedy =
      'leave the fields out, have the other manager let go, or set the annotation pulumi.com/patchForce: "true"';
    const what = parts.what.replace('fields that Git sets', 'fields that the program sets');
    return failure(reason, { where: key, ...parts, what, remedy }, { cause: error });
  }
  if (reason === 'ImmutableField') {
    const remedy =
      'restore the field, or replace the resource: pulumi up --replace URN, or the option replaceOnChanges';
    return failure(reason, { where: key, ...parts, remedy }, { cause: error });
  }
  return failure(reason, { where: key, ...parts }, { cause: failed.cause });
}
