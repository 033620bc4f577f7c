/** `ConfigMapList` and its like: one resource that is several objects, each with a life of its own. */
import { check } from './check.ts';
import { inputsIn } from './checkpoint.ts';
import { create } from './create.ts';
import { deleteResource } from './delete.ts';
import { diff } from './diff.ts';
import { NotInitialized } from './not-initialized.ts';
import { idIn } from './object.ts';
import { isList, isMap, reveal, type Value, type ValueMap } from './property.ts';
import { read } from './read.ts';
import type { CheckResult, DiffResult, Handler } from './requests.ts';
import { messageOf } from './unreachable.ts';
import { update } from './update.ts';

/** A kind may end in List without being one: what has items is. */
export const isListOfObjects = ({ kind, items }: ValueMap): boolean =>
  typeof kind === 'string' && kind.endsWith('List') && isList(reveal(items ?? null));

/** `kubernetes:core/v1:ConfigMapList` to `kubernetes:core/v1:ConfigMap` */
const itemType = (type: string): string => type.replace(/List$/, '');

/** Items say neither kind nor version when the list does. */
function itemsOf({ apiVersion, kind, items }: ValueMap): ValueMap[] {
  const shown = items !== undefined && isList(items) ? items : reveal(items ?? null);
  if (!isList(shown)) return [];
  const common = { apiVersion: apiVersion ?? null, kind: typeof kind === 'string' ? kind.replace(/List$/, '') : null };
  return shown.map((item) => ({ ...common, ...(isMap(item) ? item : {}) }));
}

const withItems = (list: ValueMap, items: readonly Value[]): ValueMap => ({ ...list, items });

/** What the state keeps: the outputs of the items, each with its own inputs, as if it stood alone. */
const outputsOf = (inputs: ValueMap, items: readonly ValueMap[]): ValueMap => ({
  ...withItems(inputs, items),
  __inputs: inputs,
});

const idOfList = (items: readonly { readonly id: string }[]): string => items.map(({ id }) => id).join(',');

interface Item {
  readonly id: string;
  readonly outputs: ValueMap;
}

/** The items of a state by their ids. */
function kept(oldOutputs: ValueMap): Map<string, Item> {
  return new Map(itemsOf(oldOutputs).map((outputs) => [idIn(outputs), { id: idIn(outputs), outputs }]));
}

export const lists: Handler = {
  async check(session, request): Promise<CheckResult> {
    const type = itemType(request.type);
    const olds = itemsOf(request.olds ?? {});
    const results: CheckResult[] = [];
    for (const [index, news] of itemsOf(request.news).entries()) {
      const place = { urn: `${request.urn}-${index}`, name: `${request.name}-${index}` };
      const seed = Buffer.concat([request.seed, Buffer.from(String(index))]);
      results.push(await check(session, { ...request, ...place, type, seed, news, olds: olds[index] }));
    }
    return {
      inputs: withItems(
        request.news,
        results.map(({ inputs }) => inputs),
      ),
      failures: results.flatMap(({ failures }, index) =>
        failures.map(({ property, reason }) => ({ property: `items[${index}].${property}`, reason })),
      ),
    };
  },

  async diff(session, request): Promise<DiffResult> {
    const type = itemType(request.type);
    const olds = kept(request.oldOutputs);
    const news = itemsOf(request.news);
    const result: DiffResult['changes'][number][] = [];
    for (const [index, item] of news.entries()) {
      const path = `items[${index}]`;
      const old = olds.get(idIn(item));
      if (old === undefined) {
        result.push({ path, kind: 'add', replaces: false, written: true });
        continue;
      }
      const { outputs: oldOutputs, id } = old;
      const one = { ...request, type, id, news: item, oldOutputs, oldInputs: inputsIn({ oldInputs: {}, oldOutputs }) };
      const { changes } = await diff(session, one);
      result.push(...changes.map((change) => ({ ...change, path: `${path}.${change.path}` })));
    }
    const wanted = new Set(news.map(idIn));
    const gone = [...olds.keys()].filter((id) => !wanted.has(id));
    if (gone.length > 0) result.push({ path: 'items', kind: 'update', replaces: false, written: true });
    return { changes: result, deleteBeforeReplace: true };
  },

  async create(session, request): Promise<Item> {
    const type = itemType(request.type);
    const made: Item[] = [];
    for (const [index, inputs] of itemsOf(request.inputs).entries()) {
      try {
        made.push(
          await create(session, { ...request, type, urn: request.urn, name: `${request.name}-${index}`, inputs }),
        );
      } catch (error) {
        throw partly(request.inputs, made, error);
      }
    }
    return {
      id: idOfList(made),
      outputs: outputsOf(
        request.inputs,
        made.map(({ outputs }) => outputs),
      ),
    };
  },

  async update(session, request) {
    const type = itemType(request.type);
    const olds = kept(request.oldOutputs);
    const made: Item[] = [];
    for (const news of itemsOf(request.news)) {
      const id = idIn(news);
      const old = olds.get(id);
      olds.delete(id);
      try {
        if (old === undefined) made.push(await create(session, { ...request, type, inputs: news }));
        else {
          const oldOutputs = old.outputs;
          const one = { ...request, type, id, news, oldOutputs, oldInputs: {} };
          made.push({ id, outputs: (await update(session, one)).outputs });
        }
      } catch (error) {
        throw partly(request.news, [...made, ...(old === undefined ? [] : [old]), ...olds.values()], error);
      }
    }
    if (!request.preview) {
      for (const { id, outputs: oldOutputs } of olds.values()) {
        await deleteResource(session, { ...request, type, id, oldOutputs, oldInputs: {} });
      }
    }
    return {
      outputs: outputsOf(
        request.news,
        made.map(({ outputs }) => outputs),
      ),
    };
  },

  async read(session, request) {
    const type = itemType(request.type);
    const found = [];
    for (const { id, outputs: oldOutputs } of kept(request.oldOutputs).values()) {
      const one = await read(session, { ...request, type, id, oldOutputs, oldInputs: {} });
      if (one.id !== '') found.push(one);
    }
    const inputs = withItems(
      inputsIn(request),
      found.map((one) => one.inputs),
    );
    return {
      id: idOfList(found),
      inputs,
      outputs: outputsOf(
        inputs,
        found.map(({ outputs }) => outputs),
      ),
    };
  },

  async delete(session, request) {
    const type = itemType(request.type);
    for (const { id, outputs: oldOutputs } of [...kept(request.oldOutputs).values()].reverse()) {
      await deleteResource(session, { ...request, type, id, oldOutputs, oldInputs: {} });
    }
  },
};

/** Some items are there: the state must know them, or nobody would delete them. */
function partly(inputs: ValueMap, made: readonly Item[], error: unknown): unknown {
  const all = error instanceof NotInitialized ? [...made, error] : made;
  if (all.length === 0) return error;
  const outputs = outputsOf(
    inputs,
    all.map((item) => item.outputs),
  );
  const message = messageOf(error);
  return new NotInitialized({ id: idOfList(all), inputs, outputs }, { message, reasons: [message] });
}
