/** What is watched while an object is waited for: the object, what its rule needs beside it, and after a while its pods. */
import { apiFailure, objectKey, type KubeObject } from '#kube';
import { isSettled, podSelector, troublesOf } from './pods.ts';
import type { Companion } from './readiness.ts';
import type { Session } from './session.ts';
import { Watched } from './watched.ts';

const podType = { apiVersion: 'v1', kind: 'Pod' };

export class Sights implements AsyncDisposable {
  readonly #session: Session;
  readonly #first: KubeObject;
  readonly #onChange: () => void;
  readonly #stack = new AsyncDisposableStack();
  #subject: Watched | undefined;
  #companions: readonly Watched[] = [];
  #pods: Watched | undefined;

  private constructor(session: Session, first: KubeObject, onChange: () => void) {
    this.#session = session;
    this.#first = first;
    this.#onChange = onChange;
  }

  /** @throws Failure Forbidden when the account may not watch the object */
  static async open(
    session: Session,
    first: KubeObject,
    companions: readonly Companion[],
    onChange: () => void,
  ): Promise<Sights> {
    const sights = new Sights(session, first, onChange);
    try {
      await sights.#open(companions);
      return sights;
    } catch (error) {
      await sights[Symbol.asyncDispose]();
      throw error;
    }
  }

  get isGone(): boolean {
    return this.live === undefined;
  }

  get live(): KubeObject | undefined {
    return this.#subject?.objects[0];
  }

  get companions(): readonly KubeObject[] {
    return this.#companions.flatMap(({ objects }) => objects);
  }

  /** What keeps pods from being ready, as far as they are watched. */
  get troubles(): readonly string[] {
    const pods = this.#first.kind === podType.kind ? [this.live ?? this.#first] : (this.#pods?.objects ?? []);
    return pods.filter((pod) => !isSettled(pod)).flatMap(troublesOf);
  }

  /** From now on {@link troubles} tells of the pods that the object selects. */
  async openPods(): Promise<void> {
    const selector = podSelector(this.#first);
    if (this.#pods !== undefined || selector === undefined) return;
    this.#pods = await this.#watch({ ...podType, selector });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  async #open(companions: readonly Companion[]): Promise<void> {
    const { apiVersion, kind, metadata } = this.#first;
    this.#subject = await this.#watch({ apiVersion, kind, name: metadata.name });
    const { refusal } = this.#subject;
    if (refusal !== undefined) throw apiFailure(refusal, { verb: 'watch', key: objectKey(this.#first) });
    this.#companions = await Promise.all(companions.map((each) => this.#watch(each)));
  }

  async #watch(what: Pick<KubeObject, 'apiVersion' | 'kind'> & { name?: string; selector?: string }): Promise<Watched> {
    const { apiVersion, kind, ...which } = what;
    const resource = await this.#session.cluster.resource({ apiVersion, kind }, this.#session.signal);
    const { namespace } = this.#first.metadata;
    return this.#stack.use(await Watched.open(this.#session, { resource, namespace, ...which }, this.#onChange));
  }
}
