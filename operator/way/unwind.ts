/** The way back: what a stack owns is deleted before the stack is; only with its namespace does it go whatever is left. */
import { labels, type Stack } from '#api';
import type { Engine, EngineContext } from '#engines';
import { apiFailure, parseKey, type KubeObject, type ObjectKey } from '#kube';
import { failure, moving, settled, type Outcome } from '#runtime';
import { contextOf } from './engine-context.ts';
import { failuresOf } from './failures.ts';
import type { House, Walk } from './house.ts';
import { recallInventory } from './lost-inventory.ts';
import { accountOf, refOf } from './stack-ref.ts';

interface Unwinding {
  readonly stack: Stack;
  readonly engine: Engine;
  readonly context: EngineContext;
}

/** Deletes everything that a stack owns; `settled` when nothing is left, or nothing can be done about it any more. */
export async function unwind(stack: Stack, house: House, walk: Walk): Promise<Outcome> {
  const engine = house.engineOf(stack);
  const context = contextOf(stack, undefined, house, walk);
  if (mayDestroy(stack)) await recallInventory(stack, house, walk);
  if (mayDestroy(stack) && (await engine.owned(context)).length > 0) {
    const blocking = house.dependentsInDeletion(stack);
    if (blocking !== undefined) return blocking;
    const unwinding = { stack, engine, context };
    const going = await destroy(unwinding, house, walk).catch((error: unknown) => leave(unwinding, error, house, walk));
    if (going !== undefined) return going;
  }
  const going = engine.rest(stack, 'the stack is being deleted');
  if (going !== undefined) return moving('Deleting', `waits for the end of the run in hand: ${going}`);
  await house.forget(stack);
  return settled('Deleting', 'nothing is left');
}

const mayDestroy = ({ spec: { deletionPolicy, prune, pulumi } }: Stack): boolean =>
  deletionPolicy === 'Delete' && prune && pulumi?.destroyOnDelete !== false;

/** What still goes on; undefined when all is gone. @throws Failure what could not be deleted */
async function destroy({ stack, engine, context }: Unwinding, house: House, walk: Walk): Promise<Outcome | undefined> {
  await house.assertAccount(accountOf(stack, house), walk.context.signal);
  const report = await engine.destroy(context);
  if (report.failures.length + report.remaining.length > 0) await house.inventory.flush(refOf(stack));
  if (report.failures.length > 0) {
    walk.context.report({ failures: failuresOf(report.failures), failureCount: report.failures.length });
    const passing = report.failures.find(({ reason }) => passes.has(reason));
    throw failure(
      'PruneFailed',
      {
        what: report.failures[0]?.message ?? 'deletion failed',
        remedy: 'read status.failures',
      },
      { cause: passing },
    );
  }
  if (report.remaining.length === 0) return undefined;
  const line = report.line === undefined ? '' : `; ${report.line}`;
  return moving(
    'Deleting',
    `${report.remaining.length} objects are being deleted: ${report.remaining.slice(0, 3).join(', ')}${line}`,
  );
}

/** Reasons that end by themselves, wherever they come up. */
const passes: ReadonlySet<string> = new Set(['ApiUnavailable', 'StateLocked', 'Superseded', 'TimedOut']);

/**
 * Account, state and lock of a stack go with its namespace, and cannot be made there again: waiting for them would hold
 * the namespace for ever. What it owns there goes without us; what it owns elsewhere is told, and stays.
 * @throws the error when the namespace stays, or when it will pass
 */
async function leave(
  { stack, engine, context }: Unwinding,
  error: unknown,
  house: House,
  { context: told }: Walk,
): Promise<Outcome | undefined> {
  told.signal.throwIfAborted();
  const failed = apiFailure(error, { verb: 'delete' });
  const isPassing = passes.has(failed.reason) || (failed.reason === 'PruneFailed' && failed.cause !== undefined);
  const { namespace = '', name } = stack.metadata;
  const ending = isPassing ? undefined : await house.endingNamespace(namespace, told.signal);
  if (ending === undefined) throw error;
  const going = engine.rest(stack, 'the namespace of the stack is being deleted');
  if (going !== undefined) return moving('Deleting', `waits for the end of the run in hand: ${going}`);
  const left = (await engine.left(context)).filter((one) => isElsewhere(one, stack, house));
  if (left.length === 0) return undefined;
  tell(left, ending, `${namespace}/${name}`, { failed: failed.message, told });
  return undefined;
}

/** Known not to go with the namespace of the stack, and not to be gone. */
function isElsewhere(one: string, stack: Stack, { observed }: House): boolean {
  if (one.startsWith('urn:')) return true;
  const key = one as ObjectKey;
  if (parseKey(key).namespace === stack.metadata.namespace) return false;
  const live = observed.get(key);
  return live === undefined ? !observed.knows(key) : !live.deleting;
}

const mostNamed = 10;

function tell(
  left: readonly string[],
  namespace: KubeObject,
  stack: string,
  { failed, told }: { readonly failed: string; readonly told: Walk['context'] },
): void {
  const more = left.length > mostNamed ? ` and ${left.length - mostNamed} more` : '';
  const [ofNamespace, ofName] = stack.split('/');
  const message =
    `stack ${stack} went with its namespace, and left elsewhere: ` +
    `${left.slice(0, mostNamed).join(', ')}${more}; delete them by hand ` +
    `(labels ${labels.stack}=${ofName},${labels.stackNamespace}=${ofNamespace})`;
  told.log.warn(message, { left, why: failed });
  // In the namespace itself no Event can be made any more.
  told.event({ type: 'Warning', reason: 'NamespaceTerminating', message, regarding: namespace });
}
