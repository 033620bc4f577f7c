/** `helm.sh/v3:Release`: a chart that helm installs; its objects are helm's, and one resource to the engine. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { asFailure, failure, type Failure } from '#runtime';
import { inputsIn } from '../checkpoint.ts';
import { NotInitialized } from '../not-initialized.ts';
import { parseId } from '../object.ts';
import type { ValueMap } from '../property.ts';
import { markSecrets } from '../secrets.ts';
import type {
  Created,
  CreateRequest,
  DeleteRequest,
  Handler,
  ReadRequest,
  ReadResult,
  UpdateRequest,
} from '../requests.ts';
import type { Session } from '../session.ts';
import { Helm, textOf } from './helm.ts';
import { check } from './release-check.ts';
import { diffRelease } from './release-diff.ts';
import { install, messageOf, nextVerb, uninstall, upgrade, type ReleaseWish } from './release-run.ts';
import { markOf, outputsOf, plannedOutputs, readRelease, statusOf, type ReleaseName } from './release-state.ts';

export const release: Handler = {
  check,
  diff: (_session, request) => Promise.resolve(diffRelease(request)),
  create,
  update,
  read,
  delete: remove,
};

async function create(session: Session, request: CreateRequest): Promise<Created> {
  const { inputs, urn, timeoutMs, preview } = request;
  if (preview) return { id: '', outputs: plannedOutputs(inputs) };
  await using helm = await Helm.open(session);
  const wish = { release: nameIn(inputs), inputs, timeoutMs, mark: markOf(session.settings.owner, urn) };
  const verb = await firstVerb(helm, wish);
  const outputs = await carryOut(helm, wish, () => (verb === 'install' ? install(helm, wish) : upgrade(helm, wish)));
  return { id: idOf(wish.release), outputs };
}

/** The release of a run that was cut off goes on; anybody else's stays as it is. */
async function firstVerb(helm: Helm, wish: ReleaseWish): Promise<'install' | 'upgrade'> {
  const { release: found, inputs, mark } = wish;
  const status = await statusOf(helm, found);
  if (status === undefined || (status === 'uninstalled' && inputs['replace'] === true)) return 'install';
  if (mark !== undefined && (await statusOf(helm, found, mark)) !== undefined) return nextVerb(helm, wish, status);
  throw failure('ApplyFailed', {
    where: `release ${idOf(found)}`,
    what: `it is there already (${status}), and this resource did not make it`,
    remedy: 'take it into the stack with pulumi import, or give another name',
  });
}

async function update(session: Session, request: UpdateRequest): Promise<{ readonly outputs: ValueMap }> {
  const { news, urn, timeoutMs, preview } = request;
  if (preview) return { outputs: plannedOutputs(news) };
  await using helm = await Helm.open(session);
  const wish = { release: nameIn(news), inputs: news, timeoutMs, mark: markOf(session.settings.owner, urn) };
  const verb = await nextVerb(helm, wish, await statusOf(helm, wish.release));
  const outputs = await carryOut(helm, wish, () => (verb === 'install' ? install(helm, wish) : upgrade(helm, wish)));
  return { outputs };
}

/** @throws NotInitialized when helm has the release all the same, so that the engine keeps its state */
async function carryOut(helm: Helm, wish: ReleaseWish, work: () => Promise<void>): Promise<ValueMap> {
  const failed = await work().then(
    () => undefined,
    (error: unknown) => asFailure(error),
  );
  const outputs = await outputsNow(helm, wish, failed);
  if (failed === undefined) return outputs;
  const message = messageOf(wish.release, failed);
  const state = { id: idOf(wish.release), inputs: wish.inputs, outputs };
  throw new NotInitialized(state, { message, reasons: [message] });
}

/** @throws Failure why the work failed, when helm does not know the release */
async function outputsNow(helm: Helm, { release: found, inputs }: ReleaseWish, failed?: Failure): Promise<ValueMap> {
  const standing = await readRelease(helm, found).catch((error: unknown) => {
    throw failed ?? error;
  });
  if (standing !== undefined) return outputsOf(inputs, found, standing);
  throw failed ?? failure('ToolFailed', { where: `release ${idOf(found)}`, what: 'helm does not know it any more' });
}

async function read(session: Session, request: ReadRequest): Promise<ReadResult> {
  await using helm = await Helm.open(session);
  const { namespace = 'default', name } = parseId(request.id);
  const found = { namespace, name };
  const standing = await readRelease(helm, found);
  if (standing === undefined) return { id: '', inputs: {}, outputs: {} };
  const known = inputsIn(request);
  const isImport = Object.keys(known).length === 0;
  const { chart, version, values } = standing;
  const inputs = isImport
    ? { name, namespace, chart: await chartNamed(chart, version), version, values, timeout: 300 }
    : known;
  const outputs = outputsOf(inputs, found, standing);
  return { id: request.id, inputs, outputs: markSecrets({ ...outputs, values }, inputs) };
}

/** A folder of the program with the chart, as people lay them out; else its name alone. */
async function chartNamed(chart: string, version: string): Promise<string> {
  for (const folder of [`${chart}-${version}`, chart]) {
    const found = await stat(join(folder, 'Chart.yaml')).catch(() => undefined);
    if (found !== undefined) return `./${folder}`;
  }
  return chart;
}

async function remove(session: Session, request: DeleteRequest): Promise<void> {
  await using helm = await Helm.open(session);
  const { namespace = 'default', name } = parseId(request.id);
  const { timeoutMs } = request;
  await uninstall(helm, { release: { namespace, name }, inputs: inputsIn(request), timeoutMs, mark: undefined });
}

const nameIn = (inputs: ValueMap): ReleaseName => ({
  namespace: textOf(inputs['namespace']) ?? 'default',
  name: textOf(inputs['name']) ?? '',
});

const idOf = ({ namespace, name }: ReleaseName): string => `${namespace}/${name}`;
