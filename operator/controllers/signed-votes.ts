/** Votes that people commit: the keys come from the ConfigMap or Secret that the stack names, the commits from its source. */
import type { GitSource, Stack } from '#api';
import type { Vote } from '#gate';
import {
  apiFailure,
  digestOf,
  getObject,
  type Discovery,
  type KubeObject,
  type Transport,
  type WatchCache,
} from '#kube';
import { failure } from '#runtime';
import type { RevisionStore, SignedWord, SignerKeys } from '#source';
import { readCredentialsOf } from './source-credentials.ts';
import { keyOfStack } from './stacks.ts';

export interface SignedVotesOptions {
  readonly transport: Transport;
  readonly discovery: Discovery;
  readonly sources: WatchCache<GitSource>;
  readonly store: Pick<RevisionStore, 'signedWords'>;
}

interface Read {
  /** Of the commit and the keys. */
  readonly of: string;
  readonly words: readonly SignedWord[];
}

export class SignedVotes {
  readonly #options: SignedVotesOptions;
  /** By stack. */
  readonly #read = new Map<string, Read>();

  constructor(options: SignedVotesOptions) {
    this.#options = options;
  }

  /** Git is asked once for each new commit, or set of keys. @throws Failure */
  async on(stack: Stack, digest: string, { commit, signal }: { commit: string; signal: AbortSignal }): Promise<Vote[]> {
    if (stack.spec.approval?.signers === undefined) return [];
    const keys = await this.#keysOf(stack, signal);
    const key = keyOfStack(stack);
    const of = digestOf([commit, keys]);
    let read = this.#read.get(key);
    if (read?.of !== of) this.#read.set(key, (read = { of, words: await this.#words(stack, keys, signal) }));
    const said = read.words.filter((word) => word.digest === digest);
    return said.map(({ user, verdict, commit: reference, time }) => ({ user, verdict, by: 'commit', reference, time }));
  }

  forget(stack: Stack): void {
    this.#read.delete(keyOfStack(stack));
  }

  async #words(stack: Stack, keys: SignerKeys, signal: AbortSignal): Promise<SignedWord[]> {
    const { name, namespace = stack.metadata.namespace } = stack.spec.sourceRef;
    const source = this.#options.sources.get(`${namespace}/${name}`);
    if (source === undefined) return [];
    const credentials = await readCredentialsOf(source, this.#options, signal);
    return this.#options.store.signedWords({
      key: `${namespace}/${name}`,
      spec: source.spec,
      credentials,
      keys,
      signal,
    });
  }

  /** @throws Failure SecretNotFound, Forbidden */
  async #keysOf(stack: Stack, signal: AbortSignal): Promise<SignerKeys> {
    const { transport, discovery } = this.#options;
    const { kind = 'ConfigMap', name = '' } = stack.spec.approval?.signers ?? {};
    const { namespace } = stack.metadata;
    const key = `${kind}/${namespace}/${name}`;
    const resource = await discovery.resource({ group: '', kind });
    if (resource === undefined) throw failure('UnknownKind', { what: `the API server does not serve ${kind}` });
    const found = await getObject<KubeObject & { readonly data?: SignerKeys }>({
      transport,
      resource,
      name,
      namespace,
      signal,
    }).catch((error: unknown) => {
      throw apiFailure(error, { verb: 'get', key });
    });
    if (found === undefined) {
      const remedy = 'create it, or correct the name';
      throw failure('SecretNotFound', { where: 'spec.approval.signers', what: `${key} does not exist`, remedy });
    }
    const { data = {} } = found;
    if (kind === 'ConfigMap') return data;
    return Object.fromEntries(
      Object.entries(data).map(([entry, text]) => [entry, Buffer.from(text, 'base64').toString()]),
    );
  }
}
