/** Makes of the engine's own events what is told of a run, within bounds. */
import type { EngineEvent, StepEventMetadata, StepEventStateMetadata } from '@pulumi/pulumi/automation/index.js';
import { providerLost } from './causes.ts';
import type { Diagnostic, MadeObject, RunEvent, Step, StepField, StepOperation } from '../values.ts';

/** The engine's operations; those that tell nothing of the world are left out. */
const operations: Readonly<Record<string, StepOperation>> = {
  same: 'same',
  create: 'create',
  update: 'update',
  delete: 'delete',
  replace: 'replace',
  'create-replacement': 'create-replacement',
  'delete-replaced': 'delete-replaced',
  read: 'read',
  'read-replacement': 'read',
  refresh: 'refresh',
  import: 'import',
  'import-replacement': 'import',
};

/** Beside those that make something. */
const writing: ReadonlySet<string> = new Set(['update', 'delete', 'delete-replaced']);

/** Bounds of what one run may tell. */
export interface TellLimits {
  /** What is over is counted, and said once. */
  readonly lines: number;
  readonly lineLength: number;
  readonly diagnostics: number;
  /** Characters printed after which no more is awaited. */
  readonly printed: number;
}

export const tellLimits: TellLimits = { lines: 10_000, lineLength: 8192, diagnostics: 1000, printed: 64 * 1024 * 1024 };

export interface Listener {
  onEvent(event: RunEvent): void;
  /** Once, when more than the limit was printed. */
  onFlood(): void;
}

export class EngineEvents {
  readonly #listener: Listener;
  readonly #limits: TellLimits;
  #lines = 0;
  #printed = 0;
  readonly #diagnostics = { info: 0, warning: 0, error: 0 };
  /** Number of resources that stay as they are. */
  unchanged = 0;
  /** Resources that were not made, or of which that is not known. */
  readonly notMade: { readonly urn: string; readonly inputs: unknown }[] = [];
  /** URNs of resources that were not changed or deleted, or of which that is not known. */
  readonly notDone: string[] = [];
  /** The connection to a plugin broke. */
  lostProvider = false;
  /** What is made is told field by field, as what is changed is. */
  tellsCreations = false;
  /** Outputs of the stack as the engine shows them, `[secret]` where they are. */
  outputs: Readonly<Record<string, unknown>> = {};

  constructor(listener: Listener, limits = tellLimits) {
    this.#listener = listener;
    this.#limits = limits;
  }

  add({ diagnosticEvent, policyEvent, resourcePreEvent, resOutputsEvent, resOpFailedEvent }: EngineEvent): void {
    if (diagnosticEvent !== undefined) this.#diagnostic(diagnosticEvent);
    if (policyEvent !== undefined) {
      const { resourceUrn: urn, message, enforcementLevel } = policyEvent;
      this.#diagnostic({ urn, message, severity: enforcementLevel === 'mandatory' ? 'error' : 'warning' });
    }
    if (resourcePreEvent !== undefined) this.#step(resourcePreEvent.metadata, 'begun');
    if (resOutputsEvent !== undefined) this.#step(resOutputsEvent.metadata, 'done');
    if (resOpFailedEvent === undefined) return;
    const { op, urn, new: made } = resOpFailedEvent.metadata;
    if (op === 'create' || op === 'create-replacement') this.notMade.push({ urn, inputs: made?.inputs });
    else if (writing.has(op)) this.notDone.push(urn);
    this.#step(resOpFailedEvent.metadata, 'failed');
  }

  #step(metadata: StepEventMetadata, at: 'begun' | 'done' | 'failed'): void {
    if (metadata.type === 'pulumi:pulumi:Stack' && at === 'done') this.outputs = metadata.new?.outputs ?? {};
    const operation = operations[metadata.op];
    // The stack and the providers are Pulumi's own.
    if (operation === undefined || /^pulumi:(pulumi:Stack$|providers:)/.test(metadata.type)) return;
    if (operation !== 'same')
      this.#listener.onEvent({
        kind: 'step',
        step: stepOf(metadata, operation, { tellsCreations: this.tellsCreations, at }),
        at,
      });
    else if (at === 'done') this.unchanged += 1;
  }

  #diagnostic({ urn = '', message, severity, ephemeral }: DiagnosticLike): void {
    const text = withoutPlanned(withoutColour(message).trimEnd());
    if (ephemeral === true || text === '' || severity === 'debug' || isKnown.test(text)) return;
    this.#count(text.length);
    if (severity === 'error' && providerLost.test(text)) this.lostProvider = true;
    if (severity === 'warning' || severity === 'error') this.#tell({ severity, urn, message: text });
    else for (const line of text.split('\n')) this.#line(line);
  }

  #tell(diagnostic: Diagnostic): void {
    const { diagnostics, lineLength } = this.#limits;
    this.#diagnostics[diagnostic.severity] += 1;
    // Errors say why the run ended: warnings never take their share.
    if (this.#diagnostics[diagnostic.severity] > diagnostics) return;
    const message = cut(diagnostic.message, lineLength);
    this.#listener.onEvent({ kind: 'diagnostic', diagnostic: { ...diagnostic, message } });
  }

  #line(line: string): void {
    const { lines, lineLength } = this.#limits;
    this.#lines += 1;
    if (this.#lines <= lines) this.#listener.onEvent({ kind: 'output', line: cut(line, lineLength) });
    if (this.#lines !== lines + 1) return;
    const message = `the program has printed more than ${lines} lines; the rest is not shown`;
    this.#tell({ severity: 'warning', urn: '', message });
  }

  #count(characters: number): void {
    const before = this.#printed;
    this.#printed += characters;
    if (before <= this.#limits.printed && this.#printed > this.#limits.printed) this.#listener.onFlood();
  }
}

interface DiagnosticLike {
  readonly urn?: string | undefined;
  readonly message: string;
  readonly severity: string;
  readonly ephemeral?: boolean | undefined;
}

/** Where the plugins are is the operator's own doing. */
const isKnown = /^(warning: )?using pulumi-\S+ from \$PATH at /;

/** The engine marks colours as `<{%fg 1%}>`. */
const withoutColour = (text: string): string => text.replaceAll(/<\{%[^%]*%\}>/g, '');

/** The engine quotes what a plan says and what would be done instead, secrets in the open: only the property is told. */
export const withoutPlanned = (text: string): string =>
  text.replace(/(violates plan: properties changed: [^[]*)\[[\s\S]*$/, '$1');

const cut = (text: string, most: number): string => (text.length <= most ? text : `${text.slice(0, most)}…`);

interface How {
  readonly tellsCreations: boolean;
  readonly at: 'begun' | 'done' | 'failed';
}

function stepOf(metadata: StepEventMetadata, operation: StepOperation, { tellsCreations, at }: How): Step {
  const { urn, type, new: after, old: before } = metadata;
  const id = after?.id || before?.id;
  const isMade = tellsCreations && metadata.op === 'create';
  const made = isMade || at === 'failed' ? madeOf(type, after ?? before) : undefined;
  return {
    urn,
    type,
    operation: operation === 'delete' && before?.retainOnDelete === true ? 'forget' : operation,
    fields: isMade ? leavesOf(after?.inputs) : fieldsOf(metadata),
    ...(id ? { id } : {}),
    ...(made === undefined ? {} : { made }),
  };
}

function madeOf(type: string, state: StepEventStateMetadata | undefined): MadeObject | undefined {
  if (!type.startsWith('kubernetes:')) return undefined;
  const { apiVersion, kind, metadata } = (state?.inputs ?? {}) as Readonly<Record<string, unknown>>;
  const { name, namespace } = (metadata ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string' || typeof name !== 'string') return undefined;
  return { apiVersion, kind, metadata: { name, ...(typeof namespace === 'string' ? { namespace } : {}) } };
}

/** Said by the name of the object already. */
const known = /^(apiVersion|kind|metadata\.(name|namespace))$/;

/** Each value of what is made. */
function leavesOf(value: unknown, path = ''): StepField[] {
  const isEmpty = typeof value !== 'object' || value === null || Object.keys(value).length === 0;
  if (isEmpty) return known.test(path) ? [] : [{ path, from: undefined, to: value, replaces: false }];
  return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, below(path, key, Array.isArray(value))));
}

function below(path: string, key: string, inList: boolean): string {
  if (inList) return `${path}[${key}]`;
  if (!/^[A-Za-z_][\w-]*$/.test(key)) return `${path}["${key}"]`;
  return path === '' ? key : `${path}.${key}`;
}

const replacing = ['add-replace', 'delete-replace', 'update-replace'];

function fieldsOf({ detailedDiff, diffs, keys, new: after, old: before, op }: StepEventMetadata): StepField[] {
  if (op !== 'update' && op !== 'replace' && op !== 'create-replacement' && op !== 'refresh') return [];
  if (detailedDiff !== undefined && detailedDiff !== null) {
    return Object.entries(detailedDiff).map(([path, { diffKind, inputDiff }]) => {
      const [from, to] = sidesOf(path, { before, after, inputDiff });
      return { path, from, to, replaces: replacing.includes(diffKind) };
    });
  }
  return (diffs ?? []).map((path) => {
    const [from, to] = sidesOf(path, { before, after, inputDiff: true });
    return { path, from, to, replaces: keys?.includes(path) === true };
  });
}

interface Sides {
  readonly before: StepEventStateMetadata | undefined;
  readonly after: StepEventStateMetadata | undefined;
  readonly inputDiff: boolean;
}

/** Without `inputDiff` it is what the world has that differs from what is wanted. */
function sidesOf(path: string, { before, after, inputDiff }: Sides): [unknown, unknown] {
  const keys = parsePropertyPath(path);
  const to = valueAt(after?.inputs, keys);
  const from = valueAt(inputDiff ? before?.inputs : before?.outputs, keys);
  return [from, to];
}

/** `spec.containers[0].env["A.B"]` as a list of keys. */
export function parsePropertyPath(path: string): (string | number)[] {
  const parts = path.matchAll(/\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|([^.[\]]+)/g);
  return [...parts].map(([, index, quoted, name = '']) =>
    index !== undefined ? Number(index) : quoted !== undefined ? quoted.replaceAll(/\\(.)/g, '$1') : name,
  );
}

/** Undefined where nothing is. */
export function valueAt(root: unknown, keys: readonly (string | number)[]): unknown {
  let value = root;
  for (const key of keys) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Readonly<Record<string | number, unknown>>)[key];
  }
  return value;
}
