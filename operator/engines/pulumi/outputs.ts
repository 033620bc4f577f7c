/** What a program gave out: plain and short values for the status, the others for the Secret `<stack>-outputs`. */
import type { RunReport } from './values.ts';

export interface Outputs {
  readonly shown: Readonly<Record<string, string>>;
  /** Secrets, and what is too long for the status. */
  readonly kept: Readonly<Record<string, string>>;
}

const mostShown = 100;
const longestShown = 1024;

/** As the keys of a Secret have to be. */
const fitting = /^[-._A-Za-z0-9]{1,253}$/;

/** Texts as they are, everything else as JSON. */
export function sortOutputs(outputs: RunReport['outputs']): Outputs {
  const shown: Record<string, string> = {};
  const kept: Record<string, string> = {};
  for (const [name, { value, secret }] of Object.entries(outputs)) {
    const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
    const short = [...text].length <= longestShown && Object.keys(shown).length < mostShown;
    if (!secret && short) shown[name] = text;
    else if (fitting.test(name)) kept[name] = text;
  }
  return { shown, kept };
}
