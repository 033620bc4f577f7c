/**
 * Await: the live object after a create or update in, the live object when it is ready out. Throws NotReady (with what
 * was last seen, and what pods and events say) when it fails or the time is over; `session.signal` ends the wait.
 */
import { getObject, objectKey, type KubeObject } from '#kube';
import { asFailure, systemClock } from '#runtime';
import type { Health } from '#values';
import { annotationOf } from './annotations.ts';
import { Bell, ringAtAbort } from './bell.ts';
import { NotReady } from './not-initialized.ts';
import type { ValueMap } from './property.ts';
import { ruleOf, type Rule, type View } from './readiness.ts';
import { listAll, reportOn } from './report.ts';
import type { Session } from './session.ts';
import { Sights } from './sights.ts';
import { Status } from './status.ts';

export interface AwaitRequest {
  readonly urn: string;
  /** Checked inputs, whose annotations say how to wait. */
  readonly inputs: ValueMap;
  readonly live: KubeObject;
  /** Of the resource's customTimeouts; undefined means the default of the kind. */
  readonly timeoutMs: number | undefined;
  /** `read`: look once, and say whether it is ready now. */
  readonly after: 'create' | 'update' | 'read';
}

/** @throws NotReady and nothing else, since the object is there whatever happens, and the engine must keep it */
export async function awaitReady(session: Session, request: AwaitRequest): Promise<KubeObject> {
  const { live, inputs, after } = request;
  try {
    const rule = ruleOf(inputs, live, session.settings);
    if (rule === undefined) return live;
    if (after === 'read') return rule.onRead === true ? await readyNow(session, live, rule) : live;
    const asks = rule.companions !== undefined && rule.companions(live).length > 0;
    if (!asks && (await rule.judge(viewOf(session, live))).status === 'current') return live;
    return await ready(session, request, rule);
  } catch (error) {
    if (error instanceof NotReady) throw error;
    throw new NotReady(`${objectKey(live)}: the wait for it broke off: ${asFailure(error).message}`, { live });
  }
}

const viewOf = (session: Session, live: KubeObject, companions: readonly KubeObject[] = []): View => ({
  live,
  companions,
  find: async (type, name) => {
    const { cluster, signal } = session;
    const resource = await cluster.resource(type, signal);
    return getObject({ transport: await cluster.transport(), resource, name, signal });
  },
});

async function readyNow(session: Session, live: KubeObject, rule: Rule): Promise<KubeObject> {
  const lists = (rule.companions?.(live) ?? []).map(({ selector, ...type }) =>
    listAll(session, type, live, { labelSelector: selector }),
  );
  const { status, message } = await rule.judge(viewOf(session, live, (await Promise.all(lists)).flat()));
  if (status === 'current') return live;
  throw await notReady(session, live, `is not ready: ${message}`);
}

async function notReady(session: Session, live: KubeObject, what: string): Promise<NotReady> {
  const reasons = session.signal.aborted ? [] : await reportOn(session, live);
  return new NotReady(`${objectKey(live)} ${what}`, { live, reasons });
}

/** A rollout that takes longer than this says what its pods wait for. */
const patienceMs = 2000;

async function ready(session: Session, request: AwaitRequest, rule: Rule): Promise<KubeObject> {
  const { urn, live: first } = request;
  const timeoutMs = timeoutOf(request, rule);
  const bell = new Bell();
  using alarms = new DisposableStack();
  alarms.defer(systemClock.after(timeoutMs, () => bell.ring('over')));
  alarms.defer(systemClock.after(patienceMs, () => bell.ring('patience')));
  alarms.defer(ringAtAbort(session.signal, bell));
  await using sights = await Sights.open(session, first, rule.companions?.(first) ?? [], () => bell.ring('change'));
  const status = new Status(session.engine, urn);
  for (let live = first; ;) {
    const heard = bell.listen();
    if (sights.live === undefined) throw await notReady(session, live, 'was deleted while it was waited for');
    live = sights.live;
    const health = await rule.judge(viewOf(session, live, sights.companions));
    if (health.status === 'current') {
      await status.clear();
      return live;
    }
    const end = endOf(health, bell, timeoutMs);
    if (end !== undefined) throw await notReady(session, live, end);
    if (bell.has('patience')) await sights.openPods();
    await status.say([health.message, ...sights.troubles.slice(0, 1)].join('; '));
    await heard;
  }
}

/** How the wait ended, when it did not end well. */
function endOf({ status, message }: Health, bell: Bell, timeoutMs: number): string | undefined {
  if (status === 'failed') return `failed: ${message}`;
  if (bell.has('stopped')) return `was not ready when the run was stopped: ${message}`;
  return bell.has('over') ? `is not ready after ${timeoutMs / 1000} s: ${message}` : undefined;
}

/** Milliseconds: the option of the resource, the annotation, the default of the kind. */
export function timeoutOf(
  { timeoutMs, inputs }: Pick<AwaitRequest, 'timeoutMs' | 'inputs'>,
  preset: { readonly timeoutMs: number },
): number {
  const seconds = Number(annotationOf(inputs, 'timeoutSeconds') ?? NaN);
  return timeoutMs ?? (Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : preset.timeoutMs);
}
