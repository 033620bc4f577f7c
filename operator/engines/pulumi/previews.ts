/** Previews of Pulumi programs, in the background: each leaves a plan file on disk, to which the update is held that was agreed to. */
import { hash } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Stack } from '#api';
import { stackKey } from '#apply';
import { digestOf, type Account } from '#kube';
import { failure } from '#runtime';
import type { ProposedChange, Revision } from '#values';
import type { EngineContext } from '../engine.ts';
import { assertMayDelete } from './guard.ts';
import type { Inputs } from './inputs.ts';
import { operate, reservedMiB, type Ended, type OperationOptions } from './operation.ts';
import { changesOf, liveStates, movedOn, type Previewed } from './proposed.ts';
import type { Runs, Task } from './runs.ts';

export interface PreviewsOptions extends OperationOptions {
  readonly runs: Runs<Ended>;
  readonly inputsOf: (stack: Stack) => Inputs;
  readonly accountOf: (stack: Stack) => Account;
}

/** A preview whose update may come. */
interface Kept extends Previewed {
  readonly file: string;
  /** Of the file as the engine wrote it: one that somebody changed since is none. */
  readonly fileDigest: string;
}

/** What an update is held to. */
export interface Holding {
  readonly planFile: string;
  readonly retain: readonly string[];
  /** @throws Failure PlanStale */
  prove(): Promise<void>;
}

export class Previews {
  readonly #options: PreviewsOptions;
  /** By stack; what is not in here after a restart is found out anew. */
  readonly #kept = new Map<string, Kept>();
  #folder: Promise<string> | undefined;

  constructor(options: PreviewsOptions) {
    this.#options = options;
  }

  /**
   * What the update would do; undefined when a preview has to find that out.
   * @throws Failure RenderedEmpty, PruneLimitExceeded
   */
  async changes(content: string, context: EngineContext): Promise<ProposedChange[] | undefined> {
    const { of: stack, discovery } = context;
    const kept = this.#kept.get(stackKey(context.stack));
    if (kept?.content !== content || movedOn(kept, context).length > 0) return undefined;
    const retain = assertMayDelete(stack, kept.ended);
    return changesOf({ ...kept, retain }, discovery, this.#options.accountOf(stack).namespace);
  }

  /** Begins to find out; the stack has no run. */
  async begin(
    { content, attempt }: Pick<Task<Ended>, 'content' | 'attempt'>,
    context: EngineContext & { readonly revision: Revision },
  ): Promise<void> {
    const { of: stack, revision, inventory, observed } = context;
    const key = stackKey(context.stack);
    await this.drop(key);
    const { runs, inputsOf, accountOf, folder } = this.#options;
    const inputs = inputsOf(stack);
    const account = accountOf(stack);
    const live = liveStates(key, inventory, observed);
    const planFile = join(await (this.#folder ??= emptyFolder(join(folder, 'plans'))), `${digestOf(key)}.json`);
    runs.begin(key, {
      purpose: 'preview',
      content,
      attempt,
      memoryMiB: reservedMiB(stack),
      work: async (telling) => {
        const request = { operation: 'preview', stack, revision, inputs, account, planFile } as const;
        const ended = await operate(this.#options, request, telling);
        const { plan } = ended.report;
        if (ended.failed !== undefined || plan === undefined) return ended;
        const fileDigest = await digestOfFile(planFile);
        this.#kept.set(key, { content, ended, plan, live, retain: [], file: planFile, fileDigest });
        return ended;
      },
    });
  }

  /** For the update of a content that was agreed to. @throws Failure PlanStale when it is not the one previewed last */
  hold(content: string, context: EngineContext): Holding {
    const kept = this.#kept.get(stackKey(context.stack));
    if (kept?.content !== content) throw stale('the plan is not at hand any more');
    return {
      planFile: kept.file,
      retain: assertMayDelete(context.of, kept.ended),
      prove: async () => {
        const [moved] = movedOn(kept, context);
        if (moved !== undefined) throw stale('the live object moved on since the plan was made', moved);
        if ((await digestOfFile(kept.file)) !== kept.fileDigest) throw stale('the file of the plan is not as it was');
      },
    };
  }

  /** What was found out is not so any more. */
  async drop(stack: string): Promise<void> {
    const kept = this.#kept.get(stack);
    this.#kept.delete(stack);
    if (kept !== undefined) await rm(kept.file, { force: true });
  }
}

/** Of an operator that ended, nobody knows what its plans were held against. */
async function emptyFolder(path: string): Promise<string> {
  await rm(path, { recursive: true, force: true });
  await mkdir(path, { recursive: true, mode: 0o700 });
  return path;
}

const stale = (what: string, where?: string): Error =>
  failure('PlanStale', {
    ...(where === undefined ? {} : { where }),
    what,
    remedy: 'nothing to do: a new plan is made',
  });

/** '' when it is not there. */
async function digestOfFile(file: string): Promise<string> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return bytes === undefined ? '' : hash('sha256', bytes);
}
