/** Writes translated objects as YAML, what could not be said as comments above them. Pure. */
import { dump } from 'js-yaml';
import type { Translated } from './translate.ts';

export function printYaml(translated: readonly Translated[]): string {
  const parts = translated.map(({ of, objects, notes }) => {
    const comment = [
      `# From ${of}`,
      ...notes.map(({ field, text }) => `#   ${field}: ${text.replaceAll(/\s+/g, ' ')}`),
    ].join('\n');
    const documents = objects.map((object) => dump(object, { lineWidth: -1, noRefs: true }));
    return `${comment}\n${documents.join('---\n')}`;
  });
  return parts.join('---\n');
}

/** For stderr, a line each. */
export const warningsOf = (translated: readonly Translated[]): string[] =>
  translated.flatMap(({ of, notes }) => notes.map(({ field, text }) => `${of}: ${field}: ${text}`));
