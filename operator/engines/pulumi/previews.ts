/** Previews of Pulumi programs, in the background: each leaves a plan file on disk, to which the update is held that was agreed to. */
import { hash } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDuration, type Stack } from '#api';
import { stackKey } from '#apply';
import { digestOf, type Account } from '#kube';
import { failure, type Clock } from '#runtime';
import type { ProposedChange, Revision } from '#values';
import type { EngineContext } from '../engine.ts';
import { assertMayDelete } from './guard.ts';
import type { Inputs } from './inputs.ts';
import { operate, reservedMiB, type Ended, type OperationOptions } from './operation.ts';
import { changesOf, liveStates, movedOn, refusalsIn, type Previewed } from './proposed.ts';
import type { Runs, Task } from './runs.ts';

export interface PreviewsOptions extends OperationOptions {
  readonly runs: Runs<Ended>;
  readonly inputsOf: (stack: Stack) => Inputs;
  readonly accountOf: (stack: Stack) => Account;
  readonly clock: Clock;
}

/** A preview whose update may come. */
interface Kept extends Previewed {
  readonly file: string;
  /** Of the file as the engine wrote it: one that somebody changed since is none. */
  readonly fileDigest: string;
  /** When it was found out. */
  readonly atMs: number;
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
   * What the update would do; undefined when a preview has to find that out. `anew`: somebody asks for a look.
   * @throws Failure RenderedEmpty, PruneLimitExceeded
   */
  async changes(content: string, anew: boolean, context: EngineContext): Promise<ProposedChange[] | undefined> {
    const { of: stack, discovery } = context;
    const kept = this.#kept.get(stackKey(context.stack));
    if (kept?.content !== content || movedOn(kept, context).length > 0) return undefined;
    if (this.#isDoubtful(kept, anew, stack)) return undefined;
    const retain = assertMayDelete(stack, kept.ended);
    return changesOf({ ...kept, retain }, discovery, this.#options.accountOf(stack).namespace);
  }

  /** What was refused may be accepted now: nothing tells when a policy or a quota has changed. */
  #isDoubtful({ ended, atMs }: Kept, anew: boolean, { spec }: Stack): boolean {
    if (refusalsIn(ended.report).size === 0) return false;
    return anew || this.#options.clock.now() - atMs >= parseDuration(spec.interval);
  }

  /** Begins to find out; the stack has no run. */
  async begin(
    { content, attempt }: Pick<Task<Ended>, 'content' | 'attempt'>,
    context: EngineContext & { readonly revision: Revision },
  ): Promise<void> {
    const { of: stack, revision, inventory, observed } = context;
    const key = stackKey(context.stack);
    await this.drop(key);
    const { runs, inputsOf, accountOf, folder, clock } = this.#options;
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
        this.#kept.set(key, { content, ended, plan, live, retain: [], file: planFile, fileDigest, atMs: clock.now() });
        return ended;
      },
    });
  }

  /**
   * Before the update of a content that was agreed to.
   * @throws Failure UpdateFailed where the API server would refuse an object: nothing is done then, and the next preview asks again
   */
  async assertAccepted(content: string, { stack }: EngineContext): Promise<void> {
    const key = stackKey(stack);
    const kept = this.#kept.get(key);
    if (kept?.content !== content) return;
    const [first, ...more] = refusalsIn(kept.ended.report).values();
    if (first === undefined) return;
    await this.drop(key);
    const rest = more.length === 0 ? '' : ` (and ${more.length} more)`;
    throw failure('UpdateFailed', {
      what: `the API server would refuse what the plan says, so nothing of it is done: ${first}${rest}`,
      remedy: 'read the plan, and correct the objects or what refuses them',
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
